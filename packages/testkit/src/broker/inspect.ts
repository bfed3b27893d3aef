import { expect } from "vitest";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { rejection } from "../eventually.ts";
import { bodiesOf, numbered, told } from "./shared.ts";

const HOUR_MS = 3_600_000;
const KINDS = ["waiting", "running", "delayed"] as const;

function needsPeek({ facts }: BrokerTest): string | undefined {
  return facts.peeks ? undefined : "facts.peeks is false";
}

export const inspectCases: readonly Case<BrokerTest>[] = [
  {
    title: "inspect of an unknown queue gives zeros, and undefined for what this broker cannot count",
    async run({ broker, queue, facts }) {
      const snapshot = await broker.inspect(await queue(), { limit: 10 });
      for (const kind of KINDS)
        expect(snapshot[kind], kind).toBe(facts.inspects.includes(kind) ? 0 : undefined);
      expect(snapshot.firstWaiting).toEqual([]);
      expect(snapshot.firstDelayed).toEqual([]);
    },
  },
  {
    title: "inspect counts what waits, runs and is delayed",
    async run({ queue, publish, now, consume, facts, expectCounts, broker }) {
      const name = await queue();
      const notBefore = (await now()) + Math.min(HOUR_MS, facts.maxDelayMs);
      const delayed = facts.maxDelayMs > 60_000 ? 2 : 0;
      await publish(name, numbered(5));
      await publish(
        name,
        Array.from({ length: delayed }, () => ({ body: "delayed", notBefore })),
      );
      await expectCounts(name, { waiting: 5, running: 0, delayed });
      const mine = consume(name, { prefetch: 2 });
      const [first, second] = await mine.take(2);
      const snapshot = await expectCounts(name, { waiting: 3, running: 2, delayed });
      for (const kind of KINDS) if (!facts.inspects.includes(kind)) expect(snapshot[kind]).toBeUndefined();
      await mine.stop();
      await first?.ack();
      await second?.release();
      await expectCounts(name, { waiting: 4, running: 0, delayed });
      expect(await broker.inspect(name)).toMatchObject({ firstWaiting: [], firstDelayed: [] });
    },
  },
  {
    title: "inspect shows no bodies where this broker cannot peek",
    needs: ({ facts }) => (facts.peeks ? "facts.peeks is true" : undefined),
    async run({ broker, queue, publish }) {
      const name = await queue();
      await publish(name, numbered(3));
      expect(await broker.inspect(name, { limit: 10 })).toMatchObject({ firstWaiting: [], firstDelayed: [] });
    },
  },
  {
    title: "inspect shows the first waiting bodies, next to be delivered first",
    needs: needsPeek,
    async run({ broker, queue, publish, facts }) {
      const name = await queue();
      const wanted = numbered(7);
      await publish(name, wanted);
      const some = (await broker.inspect(name, { limit: 3 })).firstWaiting;
      expect(some).toHaveLength(3);
      if (facts.ordering === "fifo") expect(some).toEqual(wanted.slice(0, 3));
      const all = (await broker.inspect(name, { limit: 100 })).firstWaiting;
      expect(all.toSorted()).toEqual(wanted);
    },
  },
  {
    title: "inspect shows the first delayed bodies, soonest first",
    needs: (test) =>
      test.facts.maxDelayMs < 4 * 60_000 ? `facts.maxDelayMs is ${test.facts.maxDelayMs}` : needsPeek(test),
    async run({ broker, queue, publish, now, facts }) {
      const name = await queue();
      const start = await now();
      const at = (minutes: number): number => start + minutes * 60_000;
      await publish(
        name,
        [3, 1, 2].map((minutes) => ({ body: `in ${minutes}`, notBefore: at(minutes) })),
      );
      const { firstDelayed } = await broker.inspect(name, { limit: 2 });
      expect(firstDelayed.map((one) => one.body)).toEqual(["in 1", "in 2"]);
      for (const [i, one] of firstDelayed.entries()) {
        expect(Math.abs(one.notBefore - at(i + 1))).toBeLessThanOrEqual(facts.delayStepMs);
      }
    },
  },
  {
    title: "inspect disturbs nothing: order, content and first deliveries stay (D-18)",
    async run(test) {
      const { broker, queue, publish, another, consume, facts } = test;
      const name = await queue();
      const wanted = ["{ malformed", ...numbered(5)];
      await publish(name, wanted);
      await broker.inspect(name, { limit: 3 });
      await (await another()).inspect(name, { limit: 100 });
      const mine = consume(name, { prefetch: 2, each: (delivery) => delivery.ack() });
      const got = await mine.take(wanted.length);
      expect(facts.ordering === "fifo" ? bodiesOf(got) : bodiesOf(got).toSorted()).toEqual(
        facts.ordering === "fifo" ? wanted : wanted.toSorted(),
      );
      for (const one of got) expect(one.redelivered).toBe(told(test, false));
      await mine.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "inspect while consumers are busy loses and repeats nothing (D-18)",
    async run({ broker, queue, publish, consume, expectEmpty }) {
      const name = await queue();
      const mine = consume(name, { prefetch: 3, each: (delivery) => delivery.ack() });
      const wanted = numbered(60);
      for (let from = 0; from < wanted.length; from += 6) {
        await Promise.all([publish(name, wanted.slice(from, from + 6)), broker.inspect(name, { limit: 50 })]);
      }
      expect(bodiesOf(await mine.take(60)).toSorted()).toEqual(wanted);
      await mine.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "inspect with an aborted signal rejects with WFE_ABORTED",
    async run({ broker, queue }) {
      await rejection(broker.inspect(await queue(), { signal: AbortSignal.abort() }), "WFE_ABORTED");
    },
  },
];
