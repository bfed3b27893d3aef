import type { Clock } from "@wfe/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { memoryBroker, memoryStore, virtualTime } from "../src/index.ts";
import { message, microtasks, take } from "./tools.ts";

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

test("100,000 queued messages come out in order, each once", async () => {
  await using broker = memoryBroker();
  const bodies = numbered(100_000);
  await broker.publish(bodies.map((body) => message(body)));
  expect(await broker.inspect("q")).toMatchObject({ waiting: 100_000, running: 0 });
  const stopping = new AbortController();
  const seen: string[] = [];
  for await (const delivery of broker.consume({ queue: "q", prefetch: 10, signal: stopping.signal })) {
    seen.push(delivery.body);
    await delivery.ack();
    if (seen.length === bodies.length) stopping.abort();
  }
  expect(seen).toEqual(bodies);
  expect(await broker.inspect("q")).toMatchObject({ waiting: 0, running: 0, delayed: 0 });
});

test("consumers that wait take turns, each up to its prefetch, and the rest waits", async () => {
  const store = memoryStore();
  await using one = memoryBroker({ store });
  await using two = memoryBroker({ store });
  const hands = [take(one, { prefetch: 2 }), take(two, { prefetch: 3 }), take(two, { prefetch: 1 })];
  await microtasks();
  for (const body of numbered(8)) {
    await one.publish([message(body)]);
    await microtasks();
  }
  expect(hands.map((hand) => hand.bodies())).toEqual([["0", "3"], ["1", "4", "5"], ["2"]]);
  expect(await one.inspect("q")).toMatchObject({ waiting: 2, running: 6 });
  await hands[2]?.taken[0]?.ack();
  await hands[0]?.taken[1]?.release();
  await microtasks();
  expect(hands.map((hand) => hand.bodies())).toEqual([
    ["0", "3", "3"],
    ["1", "4", "5"],
    ["2", "6"],
  ]);
});

test("one consumer may be asked several times at once, up to its prefetch", async () => {
  await using broker = memoryBroker();
  const { signal } = new AbortController();
  const deliveries = broker.consume({ queue: "q", prefetch: 2, signal })[Symbol.asyncIterator]();
  const asked = [1, 2, 3].map(() => deliveries.next());
  await broker.publish(numbered(3).map((body) => message(body)));
  const [first, second] = await Promise.all(asked.slice(0, 2));
  expect([first?.value?.body, second?.value?.body]).toEqual(["0", "1"]);
  expect(await broker.inspect("q")).toMatchObject({ waiting: 1, running: 2 });
  await second?.value?.ack();
  expect((await asked[2])?.value?.body).toBe("2");
});

test("a consumer without room does not hold up the others", async () => {
  await using broker = memoryBroker();
  const full = take(broker, { prefetch: 1 });
  const free = take(broker, { prefetch: 100 });
  await broker.publish(numbered(10).map((body) => message(body)));
  await microtasks();
  expect(full.taken).toHaveLength(1);
  expect(free.taken).toHaveLength(9);
});

test("what is given back waits where it stood, in whatever order it comes back", async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(numbered(10)), async (returned) => {
      await using broker = memoryBroker();
      await broker.publish(numbered(12).map((body) => message(body)));
      const first = take(broker, { prefetch: 10 });
      await microtasks();
      first.stop();
      for (const body of returned) await first.taken[Number(body)]?.release();
      const second = take(broker);
      await microtasks();
      expect(second.bodies()).toEqual([...returned.toSorted(), "10", "11"]);
      expect(second.taken.map((one) => one.redelivered)).toEqual([...returned.map(() => true), false, false]);
    }),
  );
});

test("a higher priority goes first, and what comes back keeps its place among its equals", async () => {
  await using broker = memoryBroker();
  await broker.publish([
    message("low 1"),
    message("high 1", { priority: 9 }),
    message("low 2", { priority: 0 }),
  ]);
  await broker.publish([message("high 2", { priority: 9 }), message("middle", { priority: 5 })]);
  const first = take(broker, { prefetch: 1 });
  await microtasks();
  first.stop();
  await first.taken[0]?.release();
  const second = take(broker);
  await microtasks();
  expect(second.bodies()).toEqual(["high 1", "high 2", "middle", "low 1", "low 2"]);
});

test("inspecting shows who is next, and changes nothing", async () => {
  const clock = virtualTime();
  await using broker = memoryBroker({ clock });
  const at = clock.now();
  await broker.publish([message("b"), message("a", { priority: 1 }), message("c")]);
  await broker.publish([message("later", { notBefore: at + 9 }), message("soon", { notBefore: at + 5 })]);
  for (let i = 0; i < 2; i++) {
    expect(await broker.inspect("q", { limit: 2 })).toEqual({
      waiting: 3,
      running: 0,
      delayed: 2,
      firstWaiting: ["a", "b"],
      firstDelayed: [
        { body: "soon", notBefore: at + 5 },
        { body: "later", notBefore: at + 9 },
      ],
    });
  }
  const hand = take(broker);
  await clock.advance(9);
  expect(hand.bodies()).toEqual(["a", "b", "c", "soon", "later"]);
});

test("a delayed message comes at its millisecond, and not before", async () => {
  const clock = virtualTime();
  await using broker = memoryBroker({ clock });
  const hand = take(broker);
  const arrivals: string[] = [];
  await broker.publish([message("week", { notBefore: clock.now() + 7 * 86_400_000 })]);
  await broker.publish([message("ms", { notBefore: clock.now() + 1 })]);
  await broker.publish([message("past", { notBefore: clock.now() - 1 })]);
  await microtasks();
  arrivals.push(hand.bodies().join());
  await clock.advance(1);
  arrivals.push(hand.bodies().join());
  await clock.advance(7 * 86_400_000 - 2);
  arrivals.push(hand.bodies().join());
  await clock.advance(1);
  arrivals.push(hand.bodies().join());
  expect(arrivals).toEqual(["past", "past,ms", "past,ms", "past,ms,week"]);
});

test("delayed messages that became due in the meantime come before newer ones, soonest first", async () => {
  const clock = virtualTime();
  // Its timers never go off, as if this process had been too busy.
  const busy: Clock = { now: clock.now, after: () => () => {} };
  await using broker = memoryBroker({ clock: busy });
  await broker.publish([
    message("second", { notBefore: clock.now() + 7 }),
    message("first", { notBefore: clock.now() + 5 }),
    message("third", { notBefore: clock.now() + 7 }),
  ]);
  await clock.advance(10);
  await broker.publish([message("new")]);
  const hand = take(broker);
  await microtasks();
  expect(hand.bodies()).toEqual(["first", "second", "third", "new"]);
});

test("a delayed release comes back at its moment, as a redelivery", async () => {
  const clock = virtualTime();
  await using broker = memoryBroker({ clock });
  await broker.publish([message("a"), message("b")]);
  const hand = take(broker, { prefetch: 1 });
  await microtasks();
  await hand.taken[0]?.release({ delayMs: 50 });
  await microtasks();
  await hand.taken[1]?.ack();
  await clock.advance(49);
  expect(hand.bodies()).toEqual(["a", "b"]);
  await clock.advance(1);
  expect(hand.bodies()).toEqual(["a", "b", "a"]);
  expect(hand.taken[2]?.redelivered).toBe(true);
});

test("delays hold the process while somebody consumes, and only then; nothing is left after the close", async () => {
  const clock = virtualTime();
  const kinds: (boolean | undefined)[] = [];
  const watched: Clock = {
    now: clock.now,
    after(ms, callback, options) {
      kinds.push(options?.background);
      return clock.after(ms, callback, options);
    },
  };
  const broker = memoryBroker({ clock: watched });
  await broker.publish([message("a", { notBefore: clock.now() + 100 })]);
  const hand = take(broker);
  hand.stop();
  expect(kinds).toEqual([true, false, true]);
  expect(clock.timers).toBe(1);
  await broker[Symbol.asyncDispose]();
  expect(clock.timers).toBe(0);
});

test("a body may have as many UTF-8 bytes as the option says; one more fails alone", async () => {
  await using broker = memoryBroker({ maxMessageBytes: 8 });
  const publishing = broker.publish([
    message("12345678"),
    message("éééé"),
    message("ééééé"),
    message("€€€"),
    message("ok"),
  ]);
  await expect(publishing).rejects.toMatchObject({ code: "WFE_PUBLISH_FAILED", retryable: false });
  const failures: ReadonlyMap<number, unknown> = await publishing.catch((error) => error.failures);
  expect([...failures.keys()]).toEqual([2, 3]);
  expect([...failures.values()]).toMatchObject([{ code: "WFE_TOO_LARGE" }, { code: "WFE_TOO_LARGE" }]);
  const { firstWaiting } = await broker.inspect("q", { limit: 9 });
  expect(firstWaiting).toEqual(["12345678", "éééé", "ok"]);
});
