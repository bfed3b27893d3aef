import { Redis } from "ioredis";
import { eventually, seededRandom, tap, uniqueName } from "@wfe/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { redisBroker } from "../src/index.ts";
import { describeWithRedis } from "./deployments.ts";
import { bodies, consumeAll, message } from "./load.ts";
import { startWorker } from "./worker-processes.ts";

let server: PrivateRedis;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});

const ROUNDS = 20;
const LEASE_MS = 600;

/** How often each body was worked on. */
function counting(): { done: Map<string, number>; tell: (what: string, body: string) => void } {
  const done = new Map<string, number>();
  return { done, tell: (what, body) => void (what === "did" && done.set(body, (done.get(body) ?? 0) + 1)) };
}

describeWithRedis("processes", () => {
  it(
    `nothing is lost when a worker process is killed at ${ROUNDS} random moments`,
    { timeout: 120_000 },
    async () => {
      const [queue, prefix] = [uniqueName("q"), uniqueName("ns")];
      await using broker = redisBroker({ url: server.url, prefix });
      const options = { url: server.url, prefix, queue, visibilityTimeoutMs: LEASE_MS };
      const seed = Math.floor(Math.random() * 2 ** 32);
      const random = seededRandom(seed);
      const { done, tell } = counting();
      const wanted: string[] = [];
      let next = startWorker(options, tell);
      for (let round = 0; round < ROUNDS; round++) {
        const victim = next;
        next = startWorker(options, tell); // starts while the other one works
        await victim.ready;
        const some = bodies(40, `round ${round}`);
        wanted.push(...some);
        const published = broker.publish(some.map((body) => message(queue, body)));
        const before = done.size;
        const least = random.below(40);
        await eventually(() => expect(done.size - before).toBeGreaterThanOrEqual(least), {
          everyMs: 1,
          timeoutMs: 10_000,
        });
        victim.signal("SIGKILL");
        await Promise.all([victim.ended, published]);
      }
      const missing = (): string[] => wanted.filter((body) => !done.has(body));
      await eventually(() => expect(missing(), `seed ${seed}`).toEqual([]), { timeoutMs: 10_000 });
      const twice = [...done.values()].filter((count) => count > 1).length;
      expect(twice, "only what was in hand can come twice").toBeLessThanOrEqual(ROUNDS * 10);
      await next[Symbol.asyncDispose]();
    },
  );

  it(
    "a stalled process loses its lease, and when it wakes it touches nothing of the others",
    { timeout: 30_000 },
    async () => {
      const [queue, prefix] = [uniqueName("q"), uniqueName("ns")];
      await using broker = redisBroker({ url: server.url, prefix, visibilityTimeoutMs: LEASE_MS });
      const lateAcks: string[] = [];
      const options = { url: server.url, prefix, queue, visibilityTimeoutMs: LEASE_MS, holdMs: 300 };
      await using stalled = startWorker(
        options,
        (what, body) => void (what === "acked" && lateAcks.push(body)),
      );
      await stalled.ready;
      await broker.publish([message(queue, "held")]);
      await eventually(async () => expect((await broker.inspect(queue)).running).toBe(1), { everyMs: 1 });
      stalled.signal("SIGSTOP");
      const mine = tap(broker, queue, { prefetch: 1 });
      const [copy] = await mine.take(1);
      expect(copy).toMatchObject({ body: "held", redelivered: true });
      await mine.stop();
      stalled.signal("SIGCONT");
      await broker.publish([message(queue, "next")]);
      await eventually(() => expect(lateAcks).toEqual(["next"])); // it lives on, and its ack of "held" was refused
      await copy?.release();
      await eventually(() => expect(lateAcks).toEqual(["next", "held"]));
    },
  );

  it("clocks that are a minute wrong, fast or slow, do no harm", { timeout: 60_000 }, async () => {
    const [queue, prefix] = [uniqueName("q"), uniqueName("ns")];
    await using broker = redisBroker({ url: server.url, prefix });
    const { done, tell } = counting();
    const options = { url: server.url, prefix, queue, visibilityTimeoutMs: LEASE_MS };
    await using fast = startWorker({ ...options, skewMs: 60_000 }, tell);
    await using slow = startWorker({ ...options, skewMs: -60_000, holdMs: 2 * LEASE_MS }, tell);
    await Promise.all([fast.ready, slow.ready]);
    const wanted = bodies(60, "body");
    await broker.publish(wanted.map((body) => message(queue, body)));
    const dueAt = Date.now() + 800;
    const delayed = broker.publish([message(queue, "delayed", { notBefore: dueAt })]);
    await eventually(
      () =>
        expect([...done.keys()].filter((body) => body !== "delayed").toSorted()).toEqual(wanted.toSorted()),
      {
        timeoutMs: 15_000,
      },
    );
    await delayed;
    await eventually(() => expect(done.get("delayed")).toBe(1));
    expect(Date.now()).toBeGreaterThanOrEqual(dueAt);
    expect(
      [...done.values()].filter((count) => count > 1),
      "nobody was taken for dead",
    ).toEqual([]);
  });
});

describeWithRedis("a consumer's traces", () => {
  it("none are left by a clean stop", { timeout: 30_000 }, async () => {
    const prefix = uniqueName("ns");
    await using broker = redisBroker({ url: server.url, prefix });
    const load = consumeAll([broker, broker], broker, "q");
    await broker.publish(bodies(50, "body").map((body) => message("q", body)));
    await load.done(bodies(50, "body"));
    await Promise.all(load.taps.map((one) => one.stop()));
    // Where a blocked fetch could not be ended for certain, its destination stays closed for a while.
    await eventually(async () => expect(await admin.keys(`${prefix}*`)).toEqual([]), { timeoutMs: 18_000 });
    await broker[Symbol.asyncDispose]();
    expect(await admin.keys(`${prefix}*`)).toEqual([]);
  });

  it(
    "an event loop that is blocked for longer than the lease is reported, and what was lost meanwhile is aborted",
    { timeout: 20_000 },
    async () => {
      const [queue, prefix] = [uniqueName("q"), uniqueName("ns")];
      await using broker = redisBroker({ url: server.url, prefix, visibilityTimeoutMs: LEASE_MS });
      await using other = startWorker(
        { url: server.url, prefix, queue, visibilityTimeoutMs: LEASE_MS },
        () => undefined,
      );
      const errors: Error[] = [];
      const mine = tap(broker, queue, { prefetch: 1, onError: (error) => void errors.push(error) });
      await broker.publish([message(queue, "held")]);
      const [held] = await mine.take(1);
      await other.ready;
      for (const until = performance.now() + 3 * LEASE_MS; performance.now() < until;);
      await eventually(() => expect(held?.signal.aborted).toBe(true));
      expect(errors.map(String).join("\n")).toMatch(
        /event loop was blocked for \d+ ms while 1 deliveries were in hand/,
      );
      await eventually(async () =>
        expect(await broker.inspect(queue)).toMatchObject({ waiting: 0, running: 0 }),
      );
    },
  );
});
