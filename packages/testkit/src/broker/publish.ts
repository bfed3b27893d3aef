import { expect } from "vitest";
import { codeOf, eventually, rejection, within } from "../eventually.ts";
import type { Case } from "../suite.ts";
import { type BrokerTest, messageOf } from "./context.ts";
import { bodiesOf, expectFailures, needsOversize } from "./shared.ts";

export const publishCases: readonly Case<BrokerTest>[] = [
  {
    title: "declares facts that make sense",
    async run({ broker, facts }) {
      expect(broker.name).not.toBe("");
      for (const fact of ["delayStepMs", "maxMessageBytes", "maxBatch"] as const) {
        expect(facts[fact], fact).toBeGreaterThanOrEqual(1);
      }
      expect(facts.maxDelayMs).toBeGreaterThanOrEqual(0);
      expect(["fifo", "key", "none"]).toContain(facts.ordering);
    },
  },
  {
    title: "publish resolves once the message is accepted: a consumer that comes later gets it",
    async run({ queue, publish, another, consume, expectEmpty }) {
      const name = await queue();
      await publish(name, ["kept"]);
      const late = consume(name, { broker: await another() });
      const [delivery] = await late.take(1);
      expect(delivery?.body).toBe("kept");
      await delivery?.ack();
      await late.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "what was published stays when its publisher closes",
    async run({ queue, publish, another, close, consume }) {
      const name = await queue();
      const publisher = await another();
      await publish(name, ["left behind"], publisher);
      await close(publisher);
      expect(bodiesOf(await consume(name).take(1))).toEqual(["left behind"]);
    },
  },
  {
    title: "publish of nothing resolves",
    run: ({ broker, settings }) => within(broker.publish([]), settings.timeoutMs, "publishing nothing"),
  },
  {
    title: "publish takes maxBatch messages in one call, for several queues (D-46)",
    async run({ broker, facts, queue, consume }) {
      const queues = [await queue(), await queue()] as const;
      const size = Math.min(facts.maxBatch, 1_000);
      const messages = Array.from({ length: size }, (_, i) => messageOf(queues[i % 2 ? 1 : 0], `body ${i}`));
      await broker.publish(messages);
      for (const name of queues) {
        const wanted = messages.filter((one) => one.queue === name).map((one) => one.body);
        const mine = consume(name, { prefetch: 100, each: (delivery) => delivery.ack() });
        const got = await mine.take(wanted.length);
        expect(bodiesOf(got).toSorted()).toEqual(wanted.toSorted());
      }
    },
  },
  {
    title: "publish refuses an oversized message by its index and accepts its neighbours",
    needs: (test) => (test.facts.maxBatch < 3 ? "facts.maxBatch is below 3" : needsOversize(test)),
    async run({ broker, facts, queue, consume, expectEmpty }) {
      const name = await queue();
      const tooLarge = "x".repeat(facts.maxMessageBytes + 1);
      const messages = ["first", tooLarge, "last"].map((body) => messageOf(name, body));
      await expectFailures(broker.publish(messages), { 1: "WFE_TOO_LARGE" });
      const accepted = consume(name, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await accepted.take(2)).toSorted()).toEqual(["first", "last"]);
      await accepted.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "a body of exactly maxMessageBytes is accepted, counted in UTF-8",
    needs: needsOversize,
    async run({ broker, facts, queue, consume }) {
      const name = await queue();
      const fits = "é".repeat(Math.floor(facts.maxMessageBytes / 2)) + "x".repeat(facts.maxMessageBytes % 2);
      await broker.publish([messageOf(name, fits)]);
      await expectFailures(broker.publish([messageOf(name, `${fits}!`)]), { 0: "WFE_TOO_LARGE" });
      const [delivery] = await consume(name).take(1);
      expect(delivery?.body === fits, "the body came back unchanged").toBe(true);
    },
  },
  {
    title: "concurrent publishes each learn their own outcome (D-19)",
    needs: needsOversize,
    async run({ broker, facts, queue, consume }) {
      const name = await queue();
      const tooLarge = "x".repeat(facts.maxMessageBytes + 1);
      const bodies = Array.from({ length: 30 }, (_, i) => (i % 10 === 7 ? tooLarge : `body ${i}`));
      const ends = await Promise.allSettled(bodies.map((body) => broker.publish([messageOf(name, body)])));
      const refused = ends.flatMap((end, i) => (end.status === "rejected" ? [i] : []));
      expect(refused).toEqual([7, 17, 27]);
      const accepted = consume(name, { each: (delivery) => delivery.ack() });
      const wanted = bodies.filter((body) => body !== tooLarge);
      expect(bodiesOf(await accepted.take(27)).toSorted()).toEqual(wanted.toSorted());
    },
  },
  {
    title: "publish with an aborted signal rejects with WFE_ABORTED, and the broker goes on",
    async run({ broker, queue, publish, consume }) {
      const name = await queue();
      const signal = AbortSignal.abort();
      await rejection(broker.publish([messageOf(name, "never mind")], { signal }), "WFE_ABORTED");
      await publish(name, ["goes on"]);
      const seen = consume(name, { each: (delivery) => delivery.ack() });
      await eventually(() => expect(bodiesOf(seen.deliveries)).toContain("goes on"));
    },
  },
  {
    title: "aborting one publish does not disturb another",
    async run({ broker, queue, consume, settings }) {
      const name = await queue();
      const caller = new AbortController();
      const aborted = broker.publish([messageOf(name, "aborted")], { signal: caller.signal });
      const kept = broker.publish([messageOf(name, "kept")]);
      caller.abort();
      const [outcome] = await Promise.allSettled([
        aborted,
        within(kept, settings.timeoutMs, "the other publish"),
      ]);
      if (outcome.status === "rejected") expect(codeOf(outcome.reason)).toBe("WFE_ABORTED");
      await kept;
      const seen = consume(name, { each: (delivery) => delivery.ack() });
      await eventually(() => expect(bodiesOf(seen.deliveries)).toContain("kept"));
    },
  },
  {
    title: "the same id published twice is delivered twice (D-43)",
    async run({ queue, publish, consume }) {
      const name = await queue();
      await publish(name, [{ id: "same-id", body: "attempt 0" }]);
      await publish(name, [{ id: "same-id", body: "attempt 1" }]);
      const both = consume(name, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await both.take(2)).toSorted()).toEqual(["attempt 0", "attempt 1"]);
    },
  },
  {
    title: "headers of any shape are carried or left out, never a reason to refuse (D-13)",
    async run({ queue, publish, consume }) {
      const name = await queue();
      const headers = {
        text: "ü",
        count: 3,
        ratio: 0.5,
        nothing: null,
        yes: true,
        list: [1, "a"],
        deep: { a: { b: 1 } },
      };
      await publish(name, [
        { body: "with headers", headers: { ...headers, missing: undefined, big: 2 ** 60 } },
      ]);
      expect(bodiesOf(await consume(name).take(1))).toEqual(["with headers"]);
    },
  },
];

export const largeBodyCases: readonly Case<BrokerTest>[] = [1, 10].map((mebibytes) => ({
  title: `carries a body of ${mebibytes} MiB`,
  needs: ({ facts }) =>
    facts.maxMessageBytes < mebibytes * 2 ** 20
      ? `facts.maxMessageBytes is ${facts.maxMessageBytes}`
      : undefined,
  async run({ queue, publish, consume }) {
    const name = await queue();
    const body = "0123456789abcdef".repeat((mebibytes * 2 ** 20) / 16);
    await publish(name, [body]);
    const [delivery] = await consume(name).take(1);
    expect(delivery?.body === body, "the body came back unchanged").toBe(true);
    await delivery?.ack();
  },
}));
