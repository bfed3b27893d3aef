import { expect } from "vitest";
import type { Delivery } from "@wfe/core";
import { eventually, within } from "../eventually.ts";
import { seededRandom } from "../random.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { bodiesOf, iterate, numbered, told } from "./shared.ts";

const ROUNDS = 50;
const PER_ROUND = 6;

export const stopCases: readonly Case<BrokerTest>[] = [
  {
    title: "a consumer whose signal aborted before it started ends at once and takes nothing",
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      const stillborn = consume(name, { signal: AbortSignal.abort() });
      await stillborn.stop();
      await publish(name, ["still here"]);
      const second = consume(name, { signal: AbortSignal.abort() });
      await second.stop();
      expect([...stillborn.deliveries, ...second.deliveries]).toEqual([]);
      const mine = consume(name, { each: (delivery) => delivery.ack() });
      expect(bodiesOf(await mine.take(1))).toEqual(["still here"]);
      await mine.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "a consumer blocked on an empty queue ends when its signal aborts, and takes nothing more",
    async run({ queue, publish, another, consume }) {
      const name = await queue();
      const blocked = consume(name, { broker: await another() });
      await publish(name, ["shows that it runs"]);
      const [delivery] = await blocked.take(1);
      await delivery?.ack();
      await blocked.stop();
      await publish(name, numbered(3));
      const mine = consume(name, { each: (one) => one.ack() });
      expect(bodiesOf(await mine.take(3)).toSorted()).toEqual(numbered(3));
      expect(blocked.deliveries).toHaveLength(1);
    },
  },
  {
    title: "on abort, what was fetched but not handed out goes back at once, not as a redelivery",
    async run(test) {
      const { broker, queue, publish, another, consume } = test;
      const name = await queue();
      await publish(name, numbered(10));
      const stopping = new AbortController();
      const holder = await another();
      const fetched = iterate(holder, { queue: name, prefetch: 10, signal: stopping.signal });
      const first = await fetched.next();
      expect(first.done).toBe(false);
      stopping.abort();
      expect((await fetched.next()).done, "nothing is handed out after the abort").toBe(true);
      const rest = consume(name, { broker, each: (delivery) => delivery.ack() });
      for (const delivery of await rest.take(9)) expect(delivery.redelivered).toBe(told(test, false));
      await (first.value as Delivery).ack();
      await rest.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "close ends a consumer that is blocked in a fetch",
    async run({ queue, publish, another, close, consume, settings, expectEmpty }) {
      const name = await queue();
      const closing = await another();
      const blocked = consume(name, { broker: closing, each: (delivery) => delivery.ack() });
      await publish(name, ["shows that it runs"]);
      await blocked.take(1);
      await close(closing);
      await within(Promise.allSettled([blocked.ended]), settings.timeoutMs, "the end of consume after close");
      await expectEmpty(name);
    },
  },
  {
    title: "close gives back what is in hand, as a redelivery, and what was never handed out, as new",
    async run(test) {
      const { queue, publish, another, close, consume } = test;
      const name = await queue();
      await publish(name, numbered(6));
      const closing = await another();
      const signal = new AbortController().signal;
      const fetched = iterate(closing, { queue: name, prefetch: 6, signal });
      const handed = ((await fetched.next()).value as Delivery).body;
      await close(closing);
      const rest = consume(name, { each: (delivery) => delivery.ack() });
      const got = await rest.take(6);
      expect(bodiesOf(got).toSorted()).toEqual(numbered(6));
      for (const one of got) expect(one.redelivered, one.body).toBe(told(test, one.body === handed));
      await rest.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: `nothing is lost and nothing comes twice when consumers stop at ${ROUNDS} random moments`,
    run: ({ settings, ...test }) => stopAtRandomMoments(test, settings.seed, settings.timeoutMs),
  },
];

/** Publishes a few messages a round, consumes them with an abort at a random moment, and counts at the end. */
async function stopAtRandomMoments(
  test: Omit<BrokerTest, "settings">,
  seed: number,
  timeoutMs: number,
): Promise<void> {
  const random = seededRandom(seed);
  const name = await test.queue();
  const brokers = [test.broker, await test.another()];
  const acked: string[] = [];
  const ack = async (delivery: Delivery): Promise<void> => {
    await delivery.ack();
    acked.push(delivery.body);
  };
  const each = async (delivery: Delivery): Promise<void> => {
    const choice = random.below(10);
    if (choice === 0) await new Promise((resolve) => void setTimeout(resolve, random.below(3)));
    await (choice === 1 ? delivery.release() : ack(delivery));
  };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const broker = brokers[random.below(2)];
      const mine = test.consume(name, { broker: broker ?? test.broker, prefetch: 1 + random.below(8), each });
      const published = test.publish(name, numbered(PER_ROUND, `round ${round}`));
      await momentOf(random.below(8), () => mine.deliveries.length);
      await mine.stop();
      await published;
    }
    const wanted = numbered(ROUNDS).flatMap((_, round) => numbered(PER_ROUND, `round ${round}`));
    const rest = test.consume(name, { each: ack });
    await eventually(() => expect(acked.length).toBeGreaterThanOrEqual(wanted.length), { timeoutMs });
    await rest.stop();
    expect(acked.toSorted()).toEqual(wanted.toSorted());
    await test.expectEmpty(name);
  } catch (error) {
    if (error instanceof Error) error.message += ` (seed ${seed})`;
    throw error;
  }
}

/** A random moment: at once, after some turns of the event loop, after some ms, or once something came. */
async function momentOf(choice: number, count: () => number): Promise<void> {
  if (choice < 3) for (let turn = 0; turn < choice * 2; turn++) await Promise.resolve();
  else if (choice < 5) await new Promise((resolve) => void setImmediate(resolve));
  else if (choice < 7) await new Promise((resolve) => void setTimeout(resolve, choice - 4));
  else await eventually(() => expect(count()).toBeGreaterThan(0)).catch(() => undefined);
}
