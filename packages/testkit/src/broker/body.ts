import { expect } from "vitest";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { bodiesOf } from "./shared.ts";

const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

/** Texts that have been carried wrongly by somebody. Every one must come back as it was. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  "unicode and emoji": [
    "Grüße, Привет, 你好, שלום",
    "👩‍👩‍👧‍👦 🚀 \u{1F1E9}\u{1F1EA}",
    "e\u0301 ≠ é",
    "\u{10FFFF}\uFFFD",
  ],
  "what escapes trip over": [
    "<b>&amp;</b> & < >",
    "\u2028 and \u2029",
    '"quoted" \\ back\\\\slash',
    "{{}} %s %00 $1 ${x}",
  ],
  "control characters and NUL": [
    "a\u0000b",
    "\u0000",
    "\u0001\u0002\u001b[0m\u007f\u0085",
    "tab\tand\r\nnewlines\n",
  ],
  "what trimming and sniffing would change": [
    "\uFEFFbyte order mark",
    "  spaces  ",
    "\n",
    "null",
    "0123",
    "[1]",
    '{"a":1}',
  ],
  "binary in base64": [btoa(String.fromCharCode(...bytes)), "AAECAw==", "+/+/"],
};

const textCases: readonly Case<BrokerTest>[] = Object.entries(TEXTS).map(([what, texts]) => ({
  title: `carries ${what} unchanged`,
  async run({ queue, publish, consume }) {
    const name = await queue();
    await publish(name, texts);
    const all = consume(name, { each: (delivery) => delivery.ack() });
    expect(bodiesOf(await all.take(texts.length)).toSorted()).toEqual(texts.toSorted());
  },
}));

export const bodyCases: readonly Case<BrokerTest>[] = [
  ...textCases,
  {
    title: "an empty body is a message like any other and hurts no neighbour (D-14)",
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      await publish(name, ["before", "", "after"]);
      const all = consume(name);
      const deliveries = await all.take(3);
      expect(bodiesOf(deliveries).toSorted()).toEqual(["", "after", "before"]);
      await deliveries.find((one) => one.body === "")?.ack();
      await Promise.all(deliveries.filter((one) => one.body !== "").map((one) => one.release()));
      const again = await all.take(2);
      expect(bodiesOf(again).toSorted()).toEqual(["after", "before"]);
      await Promise.all(again.map((one) => one.ack()));
      await all.stop();
      await expectEmpty(name);
    },
  },
  {
    title:
      "bodies that are no JSON, or break off in the middle, are carried and never stop the consumer (D-33)",
    async run({ queue, publish, consume }) {
      const name = await queue();
      const bad = ["{", '{"UUID":', "undefined", "]", '{"a":"\\u00'];
      await publish(name, [...bad, "good"]);
      const all = consume(name, { prefetch: 2, each: (delivery) => delivery.ack() });
      expect(bodiesOf(await all.take(6)).toSorted()).toEqual([...bad, "good"].toSorted());
    },
  },
];

export const queueCases: readonly Case<BrokerTest>[] = [
  {
    title: "two queues do not mix (D-11)",
    async run({ queue, publish, consume, expectEmpty }) {
      const [one, other] = [await queue(), await queue()];
      await publish(one, ["for one"]);
      await publish(other, ["for the other"]);
      for (const [name, body] of [
        [one, "for one"],
        [other, "for the other"],
      ] as const) {
        const mine = consume(name, { each: (delivery) => delivery.ack() });
        expect(bodiesOf(await mine.take(1))).toEqual([body]);
        await mine.stop();
        await expectEmpty(name);
      }
    },
  },
  {
    title: "a queue whose name begins another's is a queue of its own",
    async run({ queue, settings, fixture, publish, consume, expectEmpty }) {
      const beginning = uniqueName("same");
      const longer = await queue(beginning);
      const shorter = settings.queueName(beginning);
      await fixture.prepare?.(shorter);
      await publish(longer, ["longer"]);
      await publish(shorter, ["shorter"]);
      expect(bodiesOf(await consume(longer).take(1))).toEqual(["longer"]);
      const mine = consume(shorter, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await mine.take(1))).toEqual(["shorter"]);
      await mine.stop();
      await expectEmpty(shorter);
    },
  },
  {
    title: "unusual queue names work",
    needs: ({ settings }) =>
      settings.oddQueueNames.length === 0 ? "options.oddQueueNames is empty" : undefined,
    async run({ queue, settings, publish, consume, broker }) {
      for (const beginning of settings.oddQueueNames) {
        const name = await queue(beginning);
        await publish(name, [`in ${name}`]);
        const mine = consume(name, { each: (delivery) => delivery.ack() });
        expect(bodiesOf(await mine.take(1))).toEqual([`in ${name}`]);
        await mine.stop();
        await broker.inspect(name);
      }
    },
  },
  {
    title: "the dead-letter queue is another queue, always the same, legal and usable",
    async run({ broker, another, queue, fixture, publish, consume, expectEmpty }) {
      const name = await queue();
      const dead = broker.deadLetterQueue(name);
      expect(dead).not.toBe(name);
      expect(broker.deadLetterQueue(name)).toBe(dead);
      expect((await another()).deadLetterQueue(name)).toBe(dead);
      expect(broker.deadLetterQueue(await queue())).not.toBe(dead);
      await fixture.prepare?.(dead);
      await publish(dead, ["buried"]);
      const graves = consume(dead, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await graves.take(1))).toEqual(["buried"]);
      await graves.stop();
      await expectEmpty(name);
    },
  },
];
