import type { PublishError } from "@wfe/core";
import { Redis } from "ioredis";
import { collect, eventually, rejection, tap, uniqueName } from "@wfe/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { redisBackend, redisBroker, redisLock } from "../src/index.ts";
import { describeWithRedis } from "./deployments.ts";
import { bodies, consumeAll, message } from "./load.ts";

const SHORT = { visibilityTimeoutMs: 1_500, commandTimeoutMs: 1_000, delayedPollMs: 100 };

let server: PrivateRedis;
let admin: Redis;
let queue: string;

beforeAll(async () => {
  server = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
  admin = new Redis(server.url);
  admin.on("error", () => undefined);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  queue = uniqueName("q");
});

describeWithRedis("what happens to a server", () => {
  /** Disturbs the server three times while messages flow, and expects all of them to arrive. */
  async function survives(disturb: () => Promise<unknown>): Promise<void> {
    await using one = redisBroker({ url: server.url, ...SHORT });
    await using other = redisBroker({ url: server.url, ...SHORT });
    const load = consumeAll([one, other], one, queue, 5);
    const wanted = bodies(150, "body");
    for (const [i, body] of wanted.entries()) {
      if (i % 50 === 25) await disturb();
      await load.publish(body);
    }
    await load.done(wanted);
    await eventually(async () => {
      const { waiting, running } = await one.inspect(queue);
      expect({ waiting, running }).toEqual({ waiting: 0, running: 0 });
    });
  }

  it("killed and restarted, with an append-only file", { timeout: 60_000 }, () =>
    survives(async () => {
      await server.kill();
      await server.restart();
    }),
  );
  it("CLIENT KILL of all clients", { timeout: 30_000 }, () =>
    survives(() => admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")),
  );
  it("CLIENT PAUSE, longer than a command may take", { timeout: 60_000 }, () =>
    survives(() => admin.client("PAUSE", 1_300)),
  );
  it("SCRIPT FLUSH", () => survives(() => admin.script("FLUSH")));

  it(
    "FLUSHALL: what is gone is gone, but consumers live, and say what happened",
    { timeout: 30_000 },
    async () => {
      await using broker = redisBroker({ url: server.url, ...SHORT });
      const errors: Error[] = [];
      const mine = tap(broker, queue, { onError: (error) => void errors.push(error) });
      await broker.publish([message(queue, "before")]);
      const [held] = await mine.take(1);
      await admin.flushall();
      await eventually(() => expect(held?.signal.aborted).toBe(true));
      expect(errors.map(String).join()).toContain("does not know this consumer any more");
      await broker.publish([message(queue, "after")]);
      const [after] = await mine.take(1);
      expect(after).toMatchObject({ body: "after", redelivered: false });
      await after?.ack();
      await mine.stop();
    },
  );
});

describeWithRedis("what lies under our keys", () => {
  it(
    "a queue of another type: clear errors, no spin, and it goes on once that is gone",
    { timeout: 30_000 },
    async () => {
      await using broker = redisBroker({ url: server.url, ...SHORT });
      await admin.set(queue, "not a list");
      const refused = await rejection(broker.publish([message(queue, "x")]), "WFE_PUBLISH_FAILED");
      expect(refused).toMatchObject({ retryable: false });
      expect((refused.cause as Error).message).toContain("WRONGTYPE");
      const errors: Error[] = [];
      const before = await calls();
      const mine = tap(broker, queue, { onError: (error) => void errors.push(error) });
      await eventually(() => expect(errors.length).toBeGreaterThan(2));
      expect((await calls()) - before).toBeLessThan(100);
      expect(errors[0]?.message).toContain("WRONGTYPE");
      await admin.del(queue);
      await broker.publish([message(queue, "fine")]);
      const [fine] = await mine.take(1, 10_000);
      await fine?.ack();
    },
  );

  async function calls(): Promise<number> {
    return Number(/total_commands_processed:(\d+)/.exec(await admin.info("stats"))?.[1]);
  }

  it("one queue of another type fails none of the others' messages, delayed or not", async () => {
    await using broker = redisBroker({ url: server.url, ...SHORT });
    const [bad, good] = [uniqueName("q"), uniqueName("q")];
    await admin.set(bad, "not a list");
    for (const notBefore of [undefined, 1]) {
      const messages = [bad, good, bad].map((name, i) => message(name, `body ${i}`, { notBefore }));
      const error = await rejection(broker.publish(messages), "WFE_PUBLISH_FAILED");
      expect([...(error as PublishError).failures.keys()].toSorted((a, b) => a - b)).toEqual([0, 2]);
      expect(await admin.rpop(good)).toBe("body 1");
    }
  });

  it("thousands of messages that were fetched and not handed out go back in order", async () => {
    await using broker = redisBroker({ url: server.url, ...SHORT });
    const wanted = bodies(2_500, "body");
    for (let from = 0; from < wanted.length; from += 1_000) {
      await broker.publish(wanted.slice(from, from + 1_000).map((body) => message(queue, body)));
    }
    const stopping = new AbortController();
    const { signal } = stopping;
    const fetched = broker.consume({ queue, prefetch: 9_000, signal })[Symbol.asyncIterator]();
    const first = await fetched.next();
    await eventually(async () => expect((await broker.inspect(queue)).running).toBe(2_500));
    stopping.abort();
    await fetched.next();
    expect(await admin.lrange(queue, 0, -1)).toEqual(wanted.slice(1));
    await first.value?.ack();
  });

  it("bytes that are no text are delivered once, and can be acked", async () => {
    await using broker = redisBroker({ url: server.url, ...SHORT });
    const idle = tap(broker, queue);
    await broker.publish([message(queue, "shows that it waits")]);
    await (await idle.take(1))[0]?.ack();
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
    await admin.rpush(queue, bytes); // to the one that is blocked
    const [first] = await idle.take(1);
    await first?.ack();
    await idle.stop();
    await admin.rpush(queue, bytes, "text");
    expect((await collect(broker, queue, 2)).map((one) => one.redelivered)).toEqual([false, false]);
    const { waiting, running } = await broker.inspect(queue);
    expect({ waiting, running }).toEqual({ waiting: 0, running: 0 });
  });

  it("members of the delayed set that name no queue are kept aside", async () => {
    await using broker = redisBroker({ url: server.url, ...SHORT });
    const errors: Error[] = [];
    await admin.zadd(
      "delayed_tasks",
      1,
      "{ malformed",
      2,
      '{"UUID":"1"}',
      3,
      `{"RoutingKey":"${queue}","UUID":"2"}`,
    );
    const mine = tap(broker, queue, { onError: (error) => void errors.push(error) });
    const [good] = await mine.take(1);
    expect(good?.body).toBe(`{"RoutingKey":"${queue}","UUID":"2"}`);
    await good?.ack();
    expect(await admin.lrange("delayed_tasks.undecodable", 0, -1)).toEqual(["{ malformed", '{"UUID":"1"}']);
    await eventually(() => expect(errors.map(String).join()).toContain("delayed_tasks.undecodable"));
  });

  it("a state of another type fails alone", async () => {
    await using backend = redisBackend({ url: server.url });
    const [id, bad] = [uniqueName("task"), uniqueName("task")];
    await admin.rpush(bad, "a list");
    const state = {
      name: "t",
      status: "PENDING",
      attempt: 0,
      start: 0,
      beat: 0,
      run: "",
      results: [],
      error: "",
    } as const;
    const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
    const outcomes = await backend.saveStates([bad, id].map((one) => ({ ...state, ...times, id: one })));
    expect(outcomes[1]).toEqual({ stored: true });
    expect(outcomes[0]).toMatchObject({ stored: false, error: { code: "WFE_MALFORMED", retryable: false } });
  });
});

describeWithRedis("a full memory", () => {
  it(
    "refuses new messages with a clear error, lets workers drain, and takes messages again",
    { timeout: 30_000 },
    async () => {
      await using full = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
      await using broker = redisBroker({ url: full.url, ...SHORT });
      await using lock = redisLock({ url: full.url });
      const own = new Redis(full.url);
      await broker.publish(bodies(20, "x".repeat(1_000)).map((body) => message(queue, body)));
      await own.config("SET", "maxmemory", 1);
      const error = await rejection(broker.publish([message(queue, "refused")]), "WFE_PUBLISH_FAILED");
      expect(error.message).toMatch(/memory is full/);
      expect(error).toMatchObject({ retryable: true });
      await rejection(lock.acquire("key", { ttlMs: 1_000 }), "WFE_UNAVAILABLE");
      const errors: Error[] = [];
      const mine = tap(broker, queue, {
        prefetch: 5,
        each: (one) => one.ack(),
        onError: (error) => void errors.push(error),
      });
      await eventually(() => expect(errors.map(String).join()).toContain("memory is full"));
      await mine.take(20, 10_000);
      await eventually(async () => expect((await broker.inspect(queue)).running).toBe(0));
      await own.config("SET", "maxmemory", 0);
      await broker.publish([message(queue, "accepted")]);
      await mine.take(1);
      await mine.stop();
      own.disconnect();
    },
  );
});
