import { expect, test } from "vitest";
import { memoryBackend, memoryBroker, memoryLock, memoryStore, virtualTime } from "../src/index.ts";
import { message, microtasks, state, take } from "./tools.ts";

test("connections to one store see the same data; without a store each has its own", async () => {
  const store = memoryStore();
  const [one, two, alone] = [memoryBroker({ store }), memoryBroker({ store }), memoryBroker()];
  await one.publish([message("a")]);
  expect((await two.inspect("q")).waiting).toBe(1);
  expect((await alone.inspect("q")).waiting).toBe(0);
});

test("a store outlives its connections", async () => {
  const store = memoryStore();
  {
    await using broker = memoryBroker({ store });
    await using backend = memoryBackend({ store });
    await broker.publish([message("a")]);
    await backend.saveStates([state("s")]);
  }
  await using broker = memoryBroker({ store });
  await using backend = memoryBackend({ store });
  expect((await broker.inspect("q")).waiting).toBe(1);
  expect(await backend.loadStates(["s"])).toEqual([state("s")]);
});

test("what a store has delayed comes although the connection that brought it is closed", async () => {
  const clock = virtualTime();
  const store = memoryStore({ clock });
  await using broker = memoryBroker({ store });
  const hand = take(broker);
  {
    await using publisher = memoryBroker({ store });
    await publisher.publish([message("a", { notBefore: clock.now() + 10 })]);
  }
  await clock.advance(10);
  expect(hand.bodies()).toEqual(["a"]);
  store[Symbol.dispose]();
});

test("closing a broker gives what it held to the others, at once, in order, and aborts its signals", async () => {
  const store = memoryStore();
  const broker = memoryBroker({ store });
  await using other = memoryBroker({ store });
  await broker.publish(["a", "b", "c", "d"].map((body) => message(body)));
  const dead = take(broker, { prefetch: 3 });
  await microtasks();
  await dead.taken[1]?.ack();
  await broker[Symbol.asyncDispose]();
  await dead.ended;
  const heir = take(other);
  await microtasks();
  expect(heir.taken.map(({ body, redelivered }) => [body, redelivered])).toEqual([
    ["a", true],
    ["c", true],
    ["d", true],
  ]);
  expect(dead.taken[0]?.signal.aborted).toBe(true);
  await expect(dead.taken[0]?.ack()).rejects.toMatchObject({ code: "WFE_LEASE_LOST" });
  await expect(dead.taken[2]?.release()).rejects.toMatchObject({ code: "WFE_LEASE_LOST" });
  await dead.taken[1]?.ack(); // settled before: nothing happens
  expect(await other.inspect("q")).toMatchObject({ waiting: 0, running: 3 });
});

test("a broker that lost its leases goes on with free hands, and cannot settle what is not its own", async () => {
  const store = memoryStore();
  await using stalled = memoryBroker({ store });
  await using other = memoryBroker({ store });
  await stalled.publish([message("a")]);
  const before = take(stalled, { prefetch: 1 });
  await microtasks();
  const heir = take(other, { prefetch: 1 });
  await microtasks();
  stalled.loseLeases();
  await microtasks();
  expect(heir.taken.map(({ body, redelivered }) => [body, redelivered])).toEqual([["a", true]]);
  expect(before.taken[0]?.signal.aborted).toBe(true);
  await expect(before.taken[0]?.ack()).rejects.toMatchObject({ code: "WFE_LEASE_LOST" });
  await stalled.publish([message("b")]);
  await microtasks();
  expect(before.bodies()).toEqual(["a", "b"]);
  expect(before.taken[1]?.signal.aborted).toBe(false);
  await before.taken[1]?.ack();
  await heir.taken[0]?.ack();
  expect(await other.inspect("q")).toMatchObject({ waiting: 0, running: 0 });
});

test("everything that begins after the close rejects with WFE_CLOSED; closing again does nothing", async () => {
  const [broker, backend, lock] = [memoryBroker(), memoryBackend(), memoryLock()];
  const lease = await lock.acquire("key", { ttlMs: 1_000 });
  for (const each of [broker, backend, lock, broker, backend, lock]) await each[Symbol.asyncDispose]();
  const closed = { code: "WFE_CLOSED" };
  await expect(broker.publish([message("a")])).rejects.toMatchObject(closed);
  await expect(broker.inspect("q")).rejects.toMatchObject(closed);
  await expect(take(broker).ended).rejects.toMatchObject(closed);
  await expect(backend.saveStates([state("s")])).rejects.toMatchObject(closed);
  await expect(backend.records?.get([])).rejects.toMatchObject(closed);
  await expect(lock.acquire("key", { ttlMs: 1_000 })).rejects.toMatchObject(closed);
  await expect(lease?.extend(1_000)).rejects.toMatchObject(closed);
});

test("a call whose signal is aborted rejects with WFE_ABORTED, and does nothing", async () => {
  const signal = AbortSignal.abort();
  await using broker = memoryBroker();
  await using backend = memoryBackend();
  await using lock = memoryLock();
  const aborted = { code: "WFE_ABORTED" };
  await expect(broker.publish([message("a")], { signal })).rejects.toMatchObject(aborted);
  await expect(backend.saveStates([state("s")], { signal })).rejects.toMatchObject(aborted);
  await expect(lock.acquire("key", { ttlMs: 1_000, signal })).rejects.toMatchObject(aborted);
  expect((await broker.inspect("q")).waiting).toBe(0);
  expect(await backend.loadStates(["s"])).toEqual([undefined]);
  expect(await lock.acquire("key", { ttlMs: 1_000 })).toBeDefined();
});

test("a finished task leaves nothing behind after its result expired", async () => {
  const clock = virtualTime();
  const store = memoryStore({ clock });
  const backend = memoryBackend({ store });
  const inAnHour = clock.now() + 3_600_000;
  for (let i = 0; i < 1_000; i++) {
    await backend.saveStates([
      state(`${i}`, { status: "PENDING", start: 0, expiresAt: clock.now() + 7 * 86_400_000 }),
    ]);
    await backend.saveStates([state(`${i}`, { expiresAt: inAnHour })]);
    await backend.createGroups([
      { id: `g${i}`, size: 1, memberIds: [`${i}`], createdAt: 0, expiresAt: Infinity },
    ]);
    await backend.settleMembers([{ groupId: `g${i}`, taskId: `${i}` }]);
    await backend.markTriggered(`g${i}`, inAnHour);
    const watch = backend.watch?.(`${i}`, () => {});
    watch?.stop();
  }
  expect([...store.states.keys()]).toHaveLength(1_000);
  await clock.advance(3_601_000);
  expect([...store.states.keys()]).toEqual([]);
  expect([...store.groups.keys()]).toEqual([]);
  expect(store.watchers.size).toBe(0);
  await clock.advance(7 * 86_400_000);
  expect(clock.timers).toBe(0);
});

test("a watch hears of the end with the state; one that stopped, or whose backend was closed, does not", async () => {
  const store = memoryStore();
  const [open, closed] = [memoryBackend({ store }), memoryBackend({ store })];
  const woken: unknown[] = [];
  const watch = (name: string, backend = open) => backend.watch?.("a", (end) => void woken.push([name, end]));
  watch("open");
  watch("closed", closed);
  const stopped = watch("stopped");
  watch("left in place");
  await closed[Symbol.asyncDispose]();
  const saving = open.saveStates([state("a")]);
  stopped?.stop();
  await saving;
  expect(woken).toEqual([
    ["open", state("a")],
    ["left in place", state("a")],
  ]);
});

test("pages of records follow each other while records come and go", async () => {
  const clock = virtualTime();
  await using backend = memoryBackend({ clock });
  const { records } = backend;
  const put = (key: string, ttlMs: number): Promise<unknown> =>
    Promise.resolve(records?.put([{ collection: "c", key, value: key, expiresAt: clock.now() + ttlMs }]));
  const page = async (after?: string): Promise<string[] | undefined> =>
    (await records?.list("c", { limit: 2, ...(after !== undefined && { after }) }))?.map(
      (record) => record.key,
    );
  for (const key of ["d", "b", "e", "a"]) await put(key, key === "b" ? 10 : 100);
  expect(await page()).toEqual(["a", "b"]);
  await put("c", 100);
  await clock.advance(10);
  expect(await page("b")).toEqual(["c", "d"]);
  expect(await page("d")).toEqual(["e"]);
  expect(await page("")).toEqual(["a", "c"]);
  expect(await page("e")).toEqual([]);
});

test("the version of a record that expired does not come again", async () => {
  const clock = virtualTime();
  await using backend = memoryBackend({ clock });
  const put = (ifVersion?: number): Promise<unknown> =>
    Promise.resolve(
      backend.records?.put([
        { collection: "c", key: "k", value: "v", expiresAt: clock.now() + 10, ifVersion },
      ]),
    );
  expect(await put(0)).toEqual([{ stored: true, version: 1 }]);
  await clock.advance(5_000);
  expect(await put(0)).toEqual([{ stored: true, version: 2 }]);
  expect(await put(1)).toMatchObject([{ stored: false, current: { version: 2 } }]);
});

test("fences grow although nothing is left of the holder before", async () => {
  const clock = virtualTime();
  const store = memoryStore({ clock });
  const first = await memoryLock({ store }).acquire("key", { ttlMs: 10 });
  await clock.advance(10_000);
  expect([...store.locks.keys()]).toEqual([]);
  const second = await memoryLock({ store }).acquire("key", { ttlMs: 10 });
  expect(first && second && second.fence > first.fence).toBe(true);
  expect(await first?.extend(1_000)).toBe(false);
  await first?.release();
  expect(await memoryLock({ store }).acquire("key", { ttlMs: 10 })).toBeUndefined();
});
