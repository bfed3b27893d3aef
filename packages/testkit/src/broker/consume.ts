import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { bodiesOf, iterate, numbered, told } from "./shared.ts";

export const consumeCases: readonly Case<BrokerTest>[] = [
  {
    title: "a first delivery is told as such",
    async run(test) {
      const name = await test.queue();
      await test.publish(name, ["new"]);
      const [delivery] = await test.consume(name).take(1);
      expect(delivery?.redelivered).toBe(told(test, false));
      expect(delivery?.signal.aborted).toBe(false);
    },
  },
  {
    title: "a consumer blocked on an empty queue gets what is published later",
    async run({ queue, publish, another, consume }) {
      const name = await queue();
      const blocked = consume(name, { broker: await another(), each: (delivery) => delivery.ack() });
      for (const body of numbered(5)) {
        await publish(name, [body]);
        expect(bodiesOf(await blocked.take(1))).toEqual([body]);
      }
    },
  },
  {
    title: "two consumers each on two connections get every message once between them",
    async run({ broker, queue, publish, another, consume, expectEmpty, settings }) {
      const name = await queue();
      const other = await another();
      const wanted = numbered(Math.min(1_000, settings.backlog));
      const each = (delivery: { ack(): Promise<void> }): Promise<void> => delivery.ack();
      const four = [broker, broker, other, other].map((by) =>
        consume(name, { broker: by, prefetch: 10, each }),
      );
      await publish(name, wanted);
      const marker = uniqueName("marker");
      const seen = (): string[] => four.flatMap((one) => bodiesOf(one.deliveries));
      const { timeoutMs } = settings;
      const all = (): void => expect(seen().length).toBeGreaterThanOrEqual(wanted.length);
      await eventually(all, { timeoutMs: timeoutMs * 4 });
      await publish(name, [marker]);
      await eventually(() => expect(seen()).toContain(marker), { timeoutMs });
      await Promise.all(four.map((one) => one.stop()));
      expect(seen().toSorted()).toEqual([...wanted, marker].toSorted());
      await expectEmpty(name);
    },
  },
  {
    title: "a consumer that holds a message does not keep another from the rest",
    async run({ queue, publish, another, consume }) {
      const name = await queue();
      await publish(name, ["a"]);
      const [held] = await consume(name, { prefetch: 1 }).take(1);
      await publish(name, ["b"]);
      const other = consume(name, { broker: await another(), prefetch: 1 });
      expect(bodiesOf(await other.take(1))).toEqual(["b"]);
      await held?.ack();
    },
  },
  {
    title: "prefetch bounds what leaves the server: the rest goes to others",
    async run({ queue, publish, another, consume }) {
      const name = await queue();
      await publish(name, numbered(20));
      const idle = consume(name, { prefetch: 3 });
      await idle.take(3);
      const busy = consume(name, { broker: await another(), prefetch: 20 });
      await busy.take(17);
      expect(idle.deliveries).toHaveLength(3);
      expect(new Set(bodiesOf([...idle.deliveries, ...busy.deliveries])).size).toBe(20);
    },
  },
  {
    title: "prefetch counts deliveries that were fetched but not yet asked for",
    async run({ broker, queue, publish, another, consume }) {
      const name = await queue();
      await publish(name, numbered(20));
      const stopping = new AbortController();
      const slow = iterate(broker, { queue: name, prefetch: 3, signal: stopping.signal });
      const first = await slow.next();
      expect(first.done).toBe(false);
      await consume(name, { broker: await another(), prefetch: 20 }).take(17);
      stopping.abort();
      expect(await slow.next()).toMatchObject({ done: true });
    },
  },
  ...[1, 4].map((prefetch): Case<BrokerTest> => ({
    title: `prefetch ${prefetch} is respected at every moment`,
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      let open = 0;
      let most = 0;
      const busy = consume(name, {
        prefetch,
        async each(delivery) {
          most = Math.max(most, ++open);
          await new Promise((resolve) => void setImmediate(resolve));
          open -= 1;
          await delivery.ack();
        },
      });
      await publish(name, numbered(40));
      await busy.take(40);
      expect(most).toBeLessThanOrEqual(prefetch);
      await busy.stop();
      await expectEmpty(name);
    },
  })),
  {
    title: "a slot is free again after an ack and after a release",
    async run({ queue, publish, consume }) {
      const name = await queue();
      await publish(name, ["a"]);
      const single = consume(name, { prefetch: 1 });
      const [a] = await single.take(1);
      await a?.release();
      const [again] = await single.take(1);
      expect(again?.body).toBe("a");
      await publish(name, ["b"]);
      await again?.ack();
      expect(bodiesOf(await single.take(1))).toEqual(["b"]);
    },
  },
  {
    title: "stopping one consumer leaves the broker's other consumers and its publishing alive (D-39)",
    async run({ queue, publish, consume }) {
      const [one, other] = [await queue(), await queue()];
      const [ends, stays, staysToo] = [consume(one), consume(other), consume(one)];
      await publish(other, ["before"]);
      expect(bodiesOf(await stays.take(1))).toEqual(["before"]);
      await ends.stop();
      await publish(other, ["after"]);
      await publish(one, ["for the second"]);
      expect(bodiesOf(await stays.take(1))).toEqual(["after"]);
      expect(bodiesOf(await staysToo.take(1))).toEqual(["for the second"]);
    },
  },
  {
    title: "a backlog drains completely",
    async run({ queue, publish, consume, settings, expectEmpty }) {
      const name = await queue();
      const wanted = numbered(settings.backlog);
      await publish(name, wanted);
      const drain = consume(name, { prefetch: 100, each: (delivery) => delivery.ack() });
      const got = await drain.take(wanted.length, settings.timeoutMs * 10);
      await drain.stop();
      expect(new Set(bodiesOf(got)).size).toBe(wanted.length);
      await expectEmpty(name);
    },
  },
];
