import { expect } from "vitest";
import { eventually, within } from "../eventually.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { bodiesOf, iterate, numbered, resolves, told } from "./shared.ts";

export function needs(what: "crash" | "loseLeases" | "interrupt"): (test: BrokerTest) => string | undefined {
  return ({ fixture }) => (fixture[what] ? undefined : `the fixture has no ${what}()`);
}

export const crashCases: readonly Case<BrokerTest>[] = [
  {
    title: "redelivers what a dead consumer held, told as a redelivery (D-30)",
    needs: needs("crash"),
    async run(test) {
      const { queue, publish, another, crash, consume, settings } = test;
      const name = await queue();
      await publish(name, numbered(5));
      const victim = await another();
      const held = bodiesOf(await consume(name, { broker: victim, prefetch: 3 }).take(3));
      await crash(victim);
      const next = consume(name, { broker: await another(), each: (delivery) => delivery.ack() });
      const got = await next.take(5, settings.leaseMs + settings.timeoutMs);
      expect(bodiesOf(got).toSorted()).toEqual(numbered(5));
      for (const one of got) expect(one.redelivered, one.body).toBe(told(test, held.includes(one.body)));
      await next.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "what a dead consumer had fetched but not handed out is not lost (D-30)",
    needs: needs("crash"),
    async run({ queue, publish, another, crash, consume, settings, expectEmpty }) {
      const name = await queue();
      await publish(name, numbered(10));
      const victim = await another();
      const signal = new AbortController().signal;
      await iterate(victim, { queue: name, prefetch: 8, signal }).next();
      await crash(victim);
      const next = consume(name, { each: (delivery) => delivery.ack() });
      const got = await next.take(10, settings.leaseMs + settings.timeoutMs);
      expect(bodiesOf(got).toSorted()).toEqual(numbered(10));
      await next.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "what was acked before a crash does not come back",
    needs: needs("crash"),
    async run({ queue, publish, another, crash, consume, settings, expectEmpty }) {
      const name = await queue();
      await publish(name, ["acked", "held"]);
      const victim = await another();
      const both = await consume(name, { broker: victim, prefetch: 2 }).take(2);
      await both.find((one) => one.body === "acked")?.ack();
      await crash(victim);
      const next = consume(name, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await next.take(1, settings.leaseMs + settings.timeoutMs))).toEqual(["held"]);
      await next.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "a message survives one dead consumer after another",
    needs: needs("crash"),
    async run(test) {
      const { queue, publish, another, crash, consume, settings } = test;
      const name = await queue();
      await publish(name, ["poison"]);
      for (let death = 0; death < 3; death++) {
        const victim = await another();
        const [delivery] = await consume(name, { broker: victim }).take(
          1,
          settings.leaseMs + settings.timeoutMs,
        );
        expect(delivery?.body).toBe("poison");
        expect(delivery?.redelivered).toBe(told(test, death > 0));
        await crash(victim);
      }
      const [last] = await consume(name).take(1, settings.leaseMs + settings.timeoutMs);
      expect(last?.redelivered).toBe(told(test, true));
      await last?.ack();
    },
  },
  {
    title: "a living consumer keeps what it holds, however long",
    needs: needs("crash"),
    async run({ queue, publish, another, crash, consume, settings, expectEmpty }) {
      const name = await queue();
      await publish(name, ["held"]);
      const holder = consume(name, { broker: await another(), prefetch: 1 });
      const [held] = await holder.take(1);
      for (let lease = 0; lease < 2; lease++) {
        const victim = await another(); // what it held tells when a lease has passed
        await publish(name, ["sentinel"]);
        await consume(name, { broker: victim, prefetch: 1 }).take(1);
        await crash(victim);
        const next = consume(name, { each: (delivery) => delivery.ack() });
        expect(bodiesOf(await next.take(1, settings.leaseMs + settings.timeoutMs))).toEqual(["sentinel"]);
        await next.stop();
      }
      expect(held?.signal.aborted).toBe(false);
      expect(holder.deliveries).toHaveLength(1);
      await held?.ack();
      await holder.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "what was delayed or waiting when its publisher died is delivered",
    needs: (test) =>
      test.facts.maxDelayMs < 1_000 ? "facts.maxDelayMs is below 1,000" : needs("crash")(test),
    async run({ queue, publish, now, another, crash, consume, facts, settings }) {
      const name = await queue();
      const victim = await another();
      const delayMs = 100 + 2 * facts.delayStepMs;
      await publish(name, ["waiting", { body: "delayed", notBefore: (await now()) + delayMs }], victim);
      await crash(victim);
      const next = consume(name, { each: (delivery) => delivery.ack() });
      const got = await next.take(2, delayMs + settings.leaseMs + settings.timeoutMs);
      expect(bodiesOf(got).toSorted()).toEqual(["delayed", "waiting"]);
    },
  },
  {
    title: "a late ack or release of a dead consumer does not touch the copy that somebody else holds",
    needs: needs("crash"),
    run: (test) => loseAndSettle(test, test.crash),
  },
  {
    title: "a lost lease aborts the delivery's signal, and settling it then does not touch the other's copy",
    needs: needs("loseLeases"),
    run: (test) =>
      loseAndSettle(test, async (holder) => {
        await test.fixture.loseLeases?.(holder);
        return true;
      }),
  },
];

/** One consumer loses its delivery to another; what the first then does with it must change nothing. */
async function loseAndSettle(
  test: BrokerTest,
  lose: (holder: Awaited<ReturnType<BrokerTest["another"]>>) => Promise<true | void>,
): Promise<void> {
  const { queue, publish, another, consume, settings } = test;
  const waitMs = settings.leaseMs + settings.timeoutMs;
  const name = await queue();
  await publish(name, ["contested"]);
  const holder = await another();
  const holding = consume(name, { broker: holder, prefetch: 1 });
  const [stale] = await holding.take(1);
  const livesOn = await lose(holder);
  if (livesOn) await holding.stop(); // with a new lease it would compete for what comes back
  const other = consume(name, { prefetch: 1 });
  const [copy] = await other.take(1, waitMs);
  expect(copy?.redelivered).toBe(told(test, true));
  if (livesOn) await eventually(() => expect(stale?.signal.aborted).toBe(true), { timeoutMs: waitMs });
  await within(resolves(Promise.resolve(stale?.ack())), settings.timeoutMs, "a late ack");
  await within(resolves(Promise.resolve(stale?.release())), settings.timeoutMs, "a late release");
  await copy?.release(); // had the late ack removed it, it would not come back
  const [last] = await other.take(1, waitMs);
  expect(last?.body).toBe("contested");
  await last?.ack();
  await other.stop();
  await test.expectEmpty(name);
}
