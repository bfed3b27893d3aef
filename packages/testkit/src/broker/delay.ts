import { expect } from "vitest";
import type { Case } from "../suite.ts";
import { uniqueName } from "../random.ts";
import { type BrokerTest, messageOf } from "./context.ts";
import { bodiesOf, expectFailures, numbered } from "./shared.ts";

const DAY_MS = 86_400_000;

/** A delay that this broker can keep and that a test can wait for. */
function shortDelayMs({ facts }: BrokerTest): number {
  return 150 + 2 * facts.delayStepMs;
}

function needsDelay(test: BrokerTest, atLeastMs: number = shortDelayMs(test)): string | undefined {
  return test.facts.maxDelayMs < atLeastMs ? `facts.maxDelayMs is ${test.facts.maxDelayMs}` : undefined;
}

/** How much too early a delivery may be: nothing, unless delays are kept in steps. */
function earlinessMs({ facts }: BrokerTest): number {
  return facts.delayStepMs === 1 ? 0 : facts.delayStepMs;
}

export const delayCases: readonly Case<BrokerTest>[] = [
  {
    title: "a delayed message is never early by the broker's clock, nor very late",
    needs: needsDelay,
    async run(test) {
      const { queue, publish, now, consume, settings } = test;
      const name = await queue();
      const busy = consume(name, { each: (delivery) => delivery.ack() });
      for (const delayMs of [shortDelayMs(test), shortDelayMs(test) + 37]) {
        const dueAt = (await now()) + delayMs;
        await publish(name, [{ body: "delayed", notBefore: dueAt }]);
        const [delivery] = await busy.take(1, delayMs + settings.latenessMs + settings.timeoutMs);
        const seenAt = await now();
        expect(delivery?.body).toBe("delayed");
        expect(seenAt).toBeGreaterThanOrEqual(dueAt - earlinessMs(test));
        expect(seenAt - dueAt, "lateness").toBeLessThanOrEqual(settings.latenessMs);
      }
      await busy.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "a delayed message is a first delivery",
    needs: needsDelay,
    async run(test) {
      const name = await test.queue();
      await test.publish(name, [{ body: "delayed", notBefore: (await test.now()) + shortDelayMs(test) }]);
      const [delivery] = await test.consume(name).take(1, shortDelayMs(test) + test.settings.timeoutMs);
      expect(delivery?.redelivered).toBe(test.facts.tellsRedelivery ? false : undefined);
    },
  },
  {
    title: "a delayed message holds nobody up, and what is due sooner comes first (D-17, D-35)",
    needs: (test) => needsDelay(test, 3 * shortDelayMs(test)),
    async run(test) {
      const { queue, publish, now, consume, settings } = test;
      const name = await queue();
      const start = await now();
      const step = shortDelayMs(test);
      await publish(name, [{ body: "last", notBefore: start + 3 * step }]);
      await publish(name, [{ body: "second", notBefore: start + 2 * step }]);
      await publish(name, [{ body: "first", notBefore: start + step }]);
      await publish(name, ["at once"]);
      const busy = consume(name, { prefetch: 1, each: (delivery) => delivery.ack() });
      const got = await busy.take(4, 3 * step + settings.timeoutMs);
      expect(bodiesOf(got)).toEqual(["at once", "first", "second", "last"]);
    },
  },
  {
    title: "a far-future message never delays a near one",
    needs: needsDelay,
    async run(test) {
      const { facts, queue, publish, now, consume, settings } = test;
      const name = await queue();
      const near = shortDelayMs(test);
      const far = Math.min(facts.maxDelayMs - 1_000, 30 * DAY_MS);
      const start = await now();
      await publish(name, [{ body: "far", notBefore: start + Math.max(near, far) }]);
      await publish(name, [{ body: "near", notBefore: start + near }]);
      const busy = consume(name, { prefetch: 1, each: (delivery) => delivery.ack() });
      expect(bodiesOf(await busy.take(1, near + settings.latenessMs))).toEqual(["near"]);
    },
  },
  {
    title: "many that fall due together all come at once (D-34)",
    needs: needsDelay,
    async run(test) {
      const { queue, publish, now, consume, settings } = test;
      const name = await queue();
      const notBefore = (await now()) + shortDelayMs(test);
      const wanted = numbered(50);
      await publish(
        name,
        wanted.map((body) => ({ body, notBefore })),
      );
      const busy = consume(name, { prefetch: 10, each: (delivery) => delivery.ack() });
      const got = await busy.take(50, shortDelayMs(test) + settings.latenessMs);
      expect(bodiesOf(got).toSorted()).toEqual(wanted);
      await busy.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "what is due in the past, now, or within a moment is delivered at once (D-16)",
    async run({ queue, publish, now, consume, facts, expectEmpty }) {
      const name = await queue();
      const start = await now();
      const soon = facts.maxDelayMs >= 1 ? [1, 0.4] : [];
      const dueAt = [-30 * DAY_MS, -1, 0, ...soon].map((offset) => start + offset);
      const drafts = [...dueAt, 0, 1].map((notBefore) => ({ body: `due ${notBefore}`, notBefore }));
      await publish(name, drafts);
      const busy = consume(name, { each: (delivery) => delivery.ack() });
      const got = await busy.take(drafts.length);
      expect(bodiesOf(got).toSorted()).toEqual(drafts.map((draft) => draft.body).toSorted());
      await busy.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "a delay longer than 24.8 days, where a timer overflows, is kept (D-16)",
    needs: (test) => needsDelay(test, 60 * DAY_MS),
    async run(test) {
      const { queue, publish, now, consume, expectCounts, settings } = test;
      const name = await queue();
      const start = await now();
      const days = [30, 60].map((count) => ({ body: `in ${count} days`, notBefore: start + count * DAY_MS }));
      await publish(name, [...days, { body: "fence", notBefore: start + shortDelayMs(test) }]);
      const busy = consume(name, { each: (delivery) => delivery.ack() });
      const got = await busy.take(1, shortDelayMs(test) + settings.latenessMs); // an overflown timer is over by then
      expect(bodiesOf(got)).toEqual(["fence"]);
      await expectCounts(name, { delayed: 2, waiting: 0 });
    },
  },
  {
    title:
      "a delay beyond facts.maxDelayMs is refused per item with WFE_UNSUPPORTED; up to it, it is accepted (D-45)",
    needs: ({ facts }) => {
      if (facts.maxDelayMs === Infinity) return "facts.maxDelayMs is Infinity";
      return facts.maxBatch < 3 ? "facts.maxBatch is below 3" : undefined;
    },
    async run({ broker, facts, queue, now, consume, expectCounts }) {
      const name = await queue();
      const longestAt = (await now()) + facts.maxDelayMs;
      const drafts = [
        "at once",
        { body: "too far", notBefore: longestAt + 60_000 + 10 * facts.delayStepMs },
        ...(facts.maxDelayMs > 0 ? [{ body: "just right", notBefore: longestAt }] : []),
      ];
      await expectFailures(broker.publish(drafts.map((draft) => messageOf(name, draft))), {
        1: "WFE_UNSUPPORTED",
      });
      const busy = consume(name, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await busy.take(1))).toEqual(["at once"]);
      await expectCounts(name, { waiting: 0, delayed: facts.maxDelayMs > 0 ? 1 : 0 });
    },
  },
  {
    title: "delayed messages survive their publisher and reach a consumer that waits elsewhere",
    needs: needsDelay,
    async run(test) {
      const { queue, publish, now, another, close, consume, settings } = test;
      const name = await queue();
      const elsewhere = consume(name, { broker: await another(), each: (delivery) => delivery.ack() });
      const publisher = await another();
      const body = uniqueName("delayed");
      await publish(name, [{ body, notBefore: (await now()) + shortDelayMs(test) }], publisher);
      await close(publisher);
      expect(bodiesOf(await elsewhere.take(1, shortDelayMs(test) + settings.timeoutMs))).toEqual([body]);
    },
  },
];
