import { getEventListeners } from "node:events";
import { expect } from "vitest";
import { eventually, rejection, within } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import { collect } from "../tap.ts";
import { type BrokerTest, messageOf } from "./context.ts";
import { watchLeaks } from "./leaks.ts";

const LEAK_ROUNDS = 20;

export const closeCases: readonly Case<BrokerTest>[] = [
  {
    title: "close may be called twice, also at once",
    async run({ another, queue, publish, settings }) {
      const broker = await another();
      await publish(await queue(), ["used"], broker);
      const both = [broker[Symbol.asyncDispose](), broker[Symbol.asyncDispose]()];
      await within(Promise.all(both), settings.timeoutMs, "closing twice at once");
      await within(broker[Symbol.asyncDispose](), settings.timeoutMs, "closing again");
    },
  },
  {
    title: "a broker that was never used closes",
    async run({ another, close }) {
      await close(await another());
    },
  },
  {
    title: "use after close rejects with WFE_CLOSED, and brings no connection back (D-22)",
    async run({ another, close, queue, expectEmpty }) {
      const broker = await another();
      const name = await queue();
      await close(broker);
      await rejection(broker.publish([messageOf(name, "too late")]), "WFE_CLOSED");
      await rejection(broker.inspect(name), "WFE_CLOSED");
      await rejection(collect(broker, name, 1), "WFE_CLOSED");
      await expectEmpty(name);
    },
  },
  {
    title: "closing one broker leaves the others alive",
    async run({ broker, another, close, queue, publish, consume }) {
      const name = await queue();
      const mine = consume(name, { broker });
      const other = await another();
      await publish(name, ["from the other"], other);
      await mine.take(1);
      await close(other);
      await publish(name, ["from this one"]);
      const [delivery] = await mine.take(1);
      expect(delivery?.body).toBe("from this one");
    },
  },
  {
    title: "leaves no listener on a signal that it was given",
    async run({ broker, queue, consume }) {
      const { signal } = new AbortController();
      const ending = new AbortController();
      const name = await queue();
      for (let round = 0; round < 20; round++) {
        await broker.publish([messageOf(name, `body ${round}`)], { signal });
        await broker.inspect(name, { limit: 1, signal });
      }
      expect(getEventListeners(signal, "abort")).toEqual([]);
      const mine = consume(name, { signal: ending.signal, each: (delivery) => delivery.ack() });
      await mine.take(20);
      ending.abort();
      await mine.stop();
      expect(getEventListeners(ending.signal, "abort")).toEqual([]);
    },
  },
  {
    title: "leaves no timer and no socket behind once everything is closed",
    async run({ reopen, settings }) {
      const round = async (): Promise<void> => {
        const fixture = await reopen();
        await useOnce(fixture.context, settings.queueName);
        await fixture.close();
      };
      await round(); // what a factory opens once for all its tests is open from here on
      using leaks = watchLeaks();
      for (let i = 0; i < LEAK_ROUNDS; i++) await round();
      // Not none: other tests and the runner have timers of their own.
      const gone = (): void => expect(leaks.open().length).toBeLessThan(LEAK_ROUNDS / 2);
      await eventually(gone, { timeoutMs: settings.timeoutMs });
    },
  },
];

async function useOnce(
  { broker, prepare, now }: Awaited<ReturnType<BrokerTest["reopen"]>>["context"],
  queueName: (name: string) => string,
): Promise<void> {
  const name = queueName(uniqueName("q"));
  await prepare?.(name);
  const start = now ? await now() : Date.now();
  const notBefore = broker.facts.maxDelayMs > 60_000 ? start + 60_000 : undefined;
  await broker.publish([messageOf(name, "at once"), messageOf(name, { body: "in a minute", notBefore })]);
  await collect(broker, name, 1);
}
