import { expect } from "vitest";
import { eventually, rejection, within } from "../eventually.ts";
import type { Case } from "../suite.ts";
import type { BrokerTest } from "./context.ts";
import { bodiesOf, numbered, resolves, told } from "./shared.ts";

export const settleCases: readonly Case<BrokerTest>[] = [
  {
    title: "an acked message is not delivered again",
    async run({ queue, publish, consume, another, expectEmpty }) {
      const name = await queue();
      await publish(name, ["once"]);
      const mine = consume(name);
      const [delivery] = await mine.take(1);
      await delivery?.ack();
      await mine.stop();
      await expectEmpty(name, await another());
    },
  },
  {
    title: "an ack settles one delivery and no other (D-14)",
    async run({ broker, queue, publish, consume, another, close, expectEmpty }) {
      const name = await queue();
      const holder = await another();
      await publish(name, numbered(4));
      const held = await consume(name, { broker: holder }).take(4);
      const last = held.at(-1);
      await last?.ack();
      await close(holder);
      const rest = consume(name, { broker, each: (delivery) => delivery.ack() });
      const wanted = numbered(4).filter((body) => body !== last?.body);
      expect(bodiesOf(await rest.take(3)).toSorted()).toEqual(wanted);
      await rest.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "deliveries can be settled in any order",
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      await publish(name, numbered(5));
      const mine = consume(name, { prefetch: 5 });
      const [a, b, c, d, e] = await mine.take(5);
      for (const one of [d, b]) await one?.ack();
      for (const one of [e, a, c]) await one?.release();
      const again = await mine.take(3);
      expect(new Set(bodiesOf(again))).toEqual(new Set([a, c, e].map((one) => one?.body)));
      for (const one of again.toReversed()) await one.ack();
      await mine.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "a released message comes back, told as a redelivery",
    async run(test) {
      const name = await test.queue();
      await test.publish(name, ["again"]);
      const mine = test.consume(name);
      for (let round = 0; round < 3; round++) {
        const [delivery] = await mine.take(1);
        expect(delivery?.body).toBe("again");
        expect(delivery?.redelivered).toBe(told(test, round > 0));
        await delivery?.release();
      }
      const [last] = await mine.take(1);
      await last?.ack();
      await mine.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "a released message may go to another consumer, which it wakes",
    async run(test) {
      const name = await test.queue();
      await test.publish(name, ["handed over"]);
      const mine = test.consume(name);
      const [delivery] = await mine.take(1);
      const other = test.consume(name, { broker: await test.another() });
      await mine.stop();
      await delivery?.release();
      const [again] = await other.take(1);
      expect(again?.body).toBe("handed over");
      expect(again?.redelivered).toBe(told(test, true));
      await again?.ack();
    },
  },
  {
    title: "release with a delay brings the message back after it",
    needs: ({ facts }) => (facts.delayedRelease ? undefined : "facts.delayedRelease is false"),
    async run(test) {
      const { queue, publish, now, consume, facts, settings } = test;
      const name = await queue();
      await publish(name, ["later"]);
      const mine = consume(name);
      const [delivery] = await mine.take(1);
      const delayMs = 150 + 2 * facts.delayStepMs;
      const releasedAt = await now();
      await delivery?.release({ delayMs });
      const [again] = await mine.take(1, delayMs + settings.latenessMs);
      expect((await now()) - releasedAt).toBeGreaterThanOrEqual(
        delayMs - (facts.delayStepMs === 1 ? 0 : facts.delayStepMs),
      );
      expect(again?.redelivered).toBe(told(test, true));
      await again?.ack();
      await mine.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "release with a delay is refused with WFE_UNSUPPORTED where facts say so, and settles nothing",
    needs: ({ facts }) => (facts.delayedRelease ? "facts.delayedRelease is true" : undefined),
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      await publish(name, ["in hand"]);
      const mine = consume(name);
      const [delivery] = await mine.take(1);
      await rejection(Promise.resolve(delivery?.release({ delayMs: 1_000 })), "WFE_UNSUPPORTED");
      await delivery?.ack();
      await mine.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "settling twice is a no-op, whichever comes first",
    async run({ queue, publish, consume, expectEmpty }) {
      const name = await queue();
      await publish(name, ["acked", "released"]);
      const mine = consume(name, { prefetch: 2 });
      const both = await mine.take(2);
      const acked = both.find((one) => one.body === "acked");
      const released = both.find((one) => one.body === "released");
      await Promise.all([acked?.ack(), acked?.ack(), acked?.release()]);
      await acked?.release();
      await released?.release();
      await released?.ack(); // must not remove the copy that is on its way
      const [again] = await mine.take(1);
      expect(again?.body).toBe("released");
      await released?.ack(); // nor the one in hand
      await released?.release();
      await again?.release();
      const [last] = await mine.take(1);
      expect(last?.body).toBe("released");
      await last?.ack();
      await mine.stop();
      await expectEmpty(name);
    },
  },
  {
    title: "what is in hand when the consumer's signal aborts can still be acked or released",
    async run(test) {
      const name = await test.queue();
      await test.publish(name, ["acked", "released"]);
      const mine = test.consume(name, { prefetch: 2 });
      const both = await mine.take(2);
      await mine.stop();
      for (const one of both) {
        expect(one.signal.aborted, "the lease outlives the consumer").toBe(false);
        await (one.body === "acked" ? one.ack() : one.release());
      }
      const rest = test.consume(name, { each: (delivery) => delivery.ack() });
      const [again] = await rest.take(1);
      expect(again?.body).toBe("released");
      expect(again?.redelivered).toBe(told(test, true));
      await rest.stop();
      await test.expectEmpty(name);
    },
  },
  {
    title: "an ack after close tells the truth: it rejects, or the message is gone",
    async run({ queue, publish, consume, another, close, expectEmpty, settings }) {
      const name = await queue();
      const holder = await another();
      await publish(name, ["in hand"]);
      const [delivery] = await consume(name, { broker: holder }).take(1);
      await close(holder);
      const acked = await within(
        resolves(Promise.resolve(delivery?.ack())),
        settings.timeoutMs,
        "ack after close",
      );
      if (acked) return await expectEmpty(name);
      const next = consume(name, { each: (one) => one.ack() });
      await eventually(() => expect(bodiesOf(next.deliveries)).toEqual(["in hand"]));
    },
  },
];
