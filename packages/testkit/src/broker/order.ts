import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { bodiesOf, numbered } from "./shared.ts";

function needsPriorities({ facts }: BrokerTest): string | undefined {
  return facts.priorities ? undefined : "facts.priorities is false";
}

export const orderCases: readonly Case<BrokerTest>[] = [
  {
    title: "delivers in order of publishing",
    needs: ({ facts }) => (facts.ordering === "fifo" ? undefined : `facts.ordering is "${facts.ordering}"`),
    async run({ queue, publish, consume }) {
      const name = await queue();
      const wanted = numbered(100);
      await publish(name, wanted.slice(0, 60));
      const busy = consume(name, { prefetch: 7, each: (delivery) => delivery.ack() });
      for (const body of wanted.slice(60)) await publish(name, [body]);
      expect(bodiesOf(await busy.take(100))).toEqual(wanted);
    },
  },
  {
    title: "keeps the order within each ordering key",
    needs: ({ facts }) => (facts.ordering === "none" ? 'facts.ordering is "none"' : undefined),
    async run({ queue, publish, consume }) {
      const name = await queue();
      const keys = ["red", "green", "blue"];
      const drafts = numbered(60).map((body, i) => ({ body, orderingKey: keys[i % 3] }));
      await publish(name, drafts);
      const busy = consume(name, { prefetch: 10, each: (delivery) => delivery.ack() });
      const got = bodiesOf(await busy.take(60));
      for (const key of keys) {
        const wanted = drafts.filter((draft) => draft.orderingKey === key).map((draft) => draft.body);
        expect(got.filter((body) => wanted.includes(body))).toEqual(wanted);
      }
    },
  },
  {
    title: "an ordering key is never a reason to refuse",
    async run({ queue, publish, consume }) {
      const name = await queue();
      await publish(name, [{ body: "keyed", orderingKey: "customer 42 / ü" }]);
      expect(bodiesOf(await consume(name).take(1))).toEqual(["keyed"]);
    },
  },
  {
    title: "delivers the highest priority first",
    needs: needsPriorities,
    async run({ queue, publish, consume, facts }) {
      const name = await queue();
      const priorities = [0, 5, undefined, 255, 1, 128, 5];
      await publish(
        name,
        priorities.map((priority, i) => ({ body: `${priority ?? 0} #${i}`, priority })),
      );
      const one = consume(name, { prefetch: 1, each: (delivery) => delivery.ack() });
      const got = bodiesOf(await one.take(7));
      const order = ["255 #3", "128 #5", "5 #1", "5 #6", "1 #4", "0 #0", "0 #2"];
      const exact = facts.ordering === "fifo";
      const rank = (body: string): string => (exact ? body : (body.split(" ")[0] ?? ""));
      expect(got.map(rank)).toEqual(order.map(rank));
    },
  },
  {
    title: "a higher priority overtakes what waits, not what is in hand",
    needs: needsPriorities,
    async run({ queue, publish, consume }) {
      const name = await queue();
      await publish(name, numbered(3));
      const one = consume(name, { prefetch: 1 });
      const [inHand] = await one.take(1);
      await publish(name, [{ body: "urgent", priority: 9 }]);
      await inHand?.ack();
      const [next] = await one.take(1);
      expect(next?.body).toBe("urgent");
    },
  },
  {
    title: "a delayed message keeps its priority (D-12)",
    needs: (test) => {
      if (!test.facts.inspects.includes("waiting")) return "facts.inspects has no waiting count";
      return test.facts.maxDelayMs === 0 ? "facts.maxDelayMs is 0" : needsPriorities(test);
    },
    async run({ broker, queue, publish, now, consume, facts, settings }) {
      const name = await queue();
      const notBefore = (await now()) + 100 + 2 * facts.delayStepMs;
      await publish(name, [
        { body: "low", priority: 1, notBefore },
        { body: "high", priority: 9, notBefore },
      ]);
      const arrived = async (): Promise<void> => expect((await broker.inspect(name)).waiting).toBe(2);
      await eventually(arrived, { timeoutMs: 100 + 2 * facts.delayStepMs + settings.timeoutMs });
      const one = consume(name, { prefetch: 1, each: (delivery) => delivery.ack() });
      expect(bodiesOf(await one.take(2))).toEqual(["high", "low"]);
    },
  },
  {
    title: "a priority is never a reason to refuse or to lose a message",
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      const drafts = [0, 1, 127, 254, 255].map((priority) => ({ body: String(priority), priority }));
      await publish(name, drafts);
      const all = consume(name, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await all.take(5)).toSorted()).toEqual(drafts.map((draft) => draft.body).toSorted());
      await all.stop();
      await expectEmpty(name);
    },
  },
];
