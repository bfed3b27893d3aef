import type { Broker } from "@wfe/core";
import { expect, test } from "vitest";
import {
  type Fault,
  faultInjector,
  memoryBackend,
  memoryBroker,
  memoryLock,
  type MemoryStore,
  memoryStore,
} from "../src/index.ts";
import { message, microtasks, state, take } from "./tools.ts";

const unavailable = { code: "WFE_UNAVAILABLE", retryable: true };

/** Whether `promise` has settled once all that waits for nothing but promises has run. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const mark = (): void => void (settled = true);
  promise.then(mark, mark);
  await microtasks();
  return settled;
}

test("calls are numbered, all together and by method", async () => {
  const faults = faultInjector();
  await using broker = faults.broker(memoryBroker());
  await using backend = faults.backend(memoryBackend());
  await broker.publish([message("a")]);
  await backend.saveStates([state("a")]);
  await backend.records?.get([]);
  await broker.publish([message("b")]);
  await broker.inspect("q");
  expect(faults.calls).toEqual([
    { name: "publish", at: 1, nth: 1 },
    { name: "saveStates", at: 2, nth: 1 },
    { name: "records.get", at: 3, nth: 1 },
    { name: "publish", at: 4, nth: 2 },
    { name: "inspect", at: 5, nth: 1 },
  ]);
});

test("without a plan everything is as it was, facts and optional parts included", async () => {
  const real = memoryBackend();
  const plain = faultInjector().backend({
    ...real,
    facts: { ...real.facts, volatile: true },
    records: undefined as never,
  });
  expect(plain.facts.volatile).toBe(true);
  expect(plain.records).toBeUndefined();
  const lock = faultInjector().lock(memoryLock());
  const lease = await lock.acquire("key", { ttlMs: 1_000 });
  expect(await lock.acquire("key", { ttlMs: 1_000 })).toBeUndefined();
  expect(await lease?.extend(1_000)).toBe(true);
  await lease?.release();
  expect((await lock.acquire("key", { ttlMs: 1_000 }))?.fence).toBeGreaterThan(lease?.fence ?? 0n);
});

test.each([
  ["fail", 0],
  ["loseAnswer", 1],
] as const)("%s: the second publish rejects, and %d of its messages got through", async (mode, accepted) => {
  const real = memoryBroker();
  const faults = faultInjector();
  faults.plan([{ at: 2, of: "publish", mode }]);
  const broker = faults.broker(real);
  await broker.inspect("q");
  await broker.publish([message("a")]);
  await expect(broker.publish([message("b")])).rejects.toMatchObject(unavailable);
  expect((await real.inspect("q")).waiting).toBe(1 + accepted);
  await broker.publish([message("c")]);
  expect((await real.inspect("q")).waiting).toBe(2 + accepted);
});

test.each([
  ["crashBefore", 0],
  ["crashAfter", 1],
] as const)("%s: nothing is answered any more, and %d states were saved", async (mode, saved) => {
  const store = memoryStore();
  const real = memoryBackend({ store });
  const faults = faultInjector();
  faults.plan([{ at: 1, mode }]);
  const backend = faults.backend(real);
  const broker = faults.broker(memoryBroker({ store }));
  expect(await settles(faults.crashed)).toBe(false);
  expect(await settles(backend.saveStates([state("a")]))).toBe(false);
  expect(await settles(faults.crashed)).toBe(true);
  expect(await settles(broker.publish([message("a")]))).toBe(false);
  expect((await real.loadStates(["a"])).filter(Boolean)).toHaveLength(saved);
  expect((await memoryBroker({ store }).inspect("q")).waiting).toBe(0);
  expect(faults.calls).toHaveLength(1);
});

test("a call under way at the crash is not answered, and the dead are not woken", async () => {
  const store = memoryStore();
  const faults = faultInjector();
  faults.plan([{ at: 1, of: "publish", mode: "crashBefore" }]);
  const [backend, broker] = [
    faults.backend(memoryBackend({ store })),
    faults.broker(memoryBroker({ store })),
  ];
  let woken = 0;
  await backend.watch?.("a", () => woken++).ready;
  const hand = take(broker);
  await microtasks();
  void broker.publish([message("mine")]);
  await faults.crashed;
  await memoryBroker({ store }).publish([message("other's")]);
  await memoryBackend({ store }).saveStates([state("a")]);
  await microtasks();
  expect(hand.taken).toEqual([]);
  expect(woken).toBe(0);
});

test("a crash at any call of a consumer loses no message: the next process gets it", async () => {
  /** A process that acks all that comes, until nothing moves; then its connection ends. */
  const process = async (store: MemoryStore, ran: Set<string>, plan: readonly Fault[]): Promise<number> => {
    const faults = faultInjector();
    faults.plan(plan);
    const real = memoryBroker({ store });
    take(faults.broker(real), { prefetch: 2 }, async (delivery) => {
      ran.add(delivery.body);
      await delivery.ack();
    });
    await microtasks();
    await real[Symbol.asyncDispose]();
    return faults.calls.length;
  };
  const twoProcesses = async (plan: readonly Fault[]): Promise<{ calls: number; ran: Set<string> }> => {
    const store = memoryStore();
    const ran = new Set<string>();
    await memoryBroker({ store }).publish(["a", "b", "c"].map((body) => message(body)));
    const calls = await process(store, ran, plan);
    await process(store, ran, []);
    expect(await memoryBroker({ store }).inspect("q")).toMatchObject({ waiting: 0, running: 0 });
    return { calls, ran };
  };
  const { calls } = await twoProcesses([]);
  expect(calls).toBe(7); // three deliveries, three acks, and a fetch that waits
  for (let at = 1; at <= calls; at++) {
    for (const mode of ["crashBefore", "crashAfter"] as const) {
      expect((await twoProcesses([{ at, mode }])).ran).toEqual(new Set(["a", "b", "c"]));
    }
  }
});

test.each([
  ["fail", [false, false]],
  ["loseAnswer", [true, false]],
] as const)("%s at a fetch: the consumer tells, and goes on", async (mode, redelivered) => {
  const faults = faultInjector();
  faults.plan([{ at: 1, of: "consume.next", mode }]);
  await using broker = faults.broker(memoryBroker());
  await broker.publish([message("a"), message("b")]);
  const errors: Error[] = [];
  const hand = take(broker, { onError: (error) => errors.push(error) });
  await microtasks();
  expect(hand.taken.map((delivery) => [delivery.body, delivery.redelivered])).toEqual([
    ["a", redelivered[0]],
    ["b", redelivered[1]],
  ]);
  expect(errors).toMatchObject([unavailable]);
});

test("a consumer's own failure is not taken for a fault", async () => {
  const broken = new Error("broken");
  const real: Broker = {
    ...memoryBroker(),
    consume: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken) }) }),
  };
  const hand = take(faultInjector().broker(real));
  await expect(hand.ended).rejects.toBe(broken);
});

test("a dropped ack is answered, and the message comes again after the process died", async () => {
  const store = memoryStore();
  const faults = faultInjector();
  faults.dropAck(2);
  const broker: Broker = faults.broker(memoryBroker({ store }));
  await broker.publish([message("a"), message("b"), message("c")]);
  const hand = take(broker, {}, (delivery) => delivery.ack());
  await microtasks();
  hand.stop();
  await broker[Symbol.asyncDispose]();
  const heir = take(memoryBroker({ store }));
  await microtasks();
  expect(heir.taken.map((delivery) => [delivery.body, delivery.redelivered])).toEqual([["b", true]]);
});

test("a duplicated delivery comes twice, not as a redelivery, and each copy is settled by itself", async () => {
  const real = memoryBroker();
  const faults = faultInjector();
  faults.duplicate(1);
  const hand = take(faults.broker(real), { prefetch: 3 });
  await real.publish([message("a"), message("b")]);
  await microtasks();
  expect(hand.taken.map((delivery) => [delivery.body, delivery.redelivered])).toEqual([
    ["a", false],
    ["b", false],
    ["a", false],
  ]);
  await hand.taken[0]?.ack();
  expect(await real.inspect("q")).toMatchObject({ running: 2 });
  await hand.taken[2]?.ack();
  expect(await real.inspect("q")).toMatchObject({ running: 1 });
});

test("a reordered delivery comes after the next one", async () => {
  const faults = faultInjector();
  faults.reorder(2);
  faults.reorder(4);
  await using broker = faults.broker(memoryBroker());
  const hand = take(broker);
  await broker.publish(["a", "b", "c", "d", "e"].map((body) => message(body)));
  await microtasks();
  expect(hand.bodies()).toEqual(["a", "c", "b", "e", "d"]);
});

test("a reordered delivery without a next one comes all the same", async () => {
  const faults = faultInjector();
  faults.reorder(1);
  await using broker = faults.broker(memoryBroker());
  const arrived = Promise.withResolvers<string>();
  const hand = take(broker, { prefetch: 1 }, (delivery) => {
    arrived.resolve(delivery.body);
    return delivery.ack();
  });
  await broker.publish([message("a"), message("b")]);
  expect(await arrived.promise).toBe("a");
  await microtasks();
  expect(hand.bodies()).toEqual(["a", "b"]);
});
