import { Redis } from "ioredis";
import { eventually, rejection, uniqueName, within } from "@wfe/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { redisBackend, redisBroker } from "../src/index.ts";
import { describeWithRedis } from "./deployments.ts";
import { bodies, consumeAll, message } from "./load.ts";
import { type Proxy, startProxy, type Wire } from "./proxy.ts";

const SHORT = { visibilityTimeoutMs: 1_500, commandTimeoutMs: 400, delayedPollMs: 100 };

let server: PrivateRedis;
let proxy: Proxy;
let admin: Redis;
let queue: string;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startProxy(Number(new URL(server.url).port));
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  queue = uniqueName("q");
});

const url = (): string => `redis://127.0.0.1:${proxy.port}`;
const isBlocking = ({ sent }: Wire): boolean => /blmove/i.test(sent);
const isCommanding = (wire: Wire): boolean => /evalsha/i.test(wire.sent) && !isBlocking(wire);
const isSubscribing = ({ sent }: Wire): boolean => /subscribe/i.test(sent);

describeWithRedis("a broker whose network fails", () => {
  const kinds = {
    all: undefined,
    "only the blocking connection": isBlocking,
    "only the other": isCommanding,
  };
  for (const [which, pick] of Object.entries(kinds)) {
    for (const how of ["cut", "blackHole"] as const) {
      it(
        `loses nothing when ${how === "cut" ? "cut off" : "black-holed"}: ${which}`,
        { timeout: 60_000 },
        async () => {
          await using consuming = redisBroker({ url: url(), ...SHORT });
          await using publishing = redisBroker({ url: server.url, ...SHORT });
          const load = consumeAll([consuming], publishing, queue, 5);
          await load.publish("shows that it runs");
          await load.done(["shows that it runs"]);
          const wanted = bodies(120, "before and after");
          for (const [i, body] of wanted.entries()) {
            if (i % 40 === 20) proxy[how](pick);
            await load.publish(body);
          }
          await load.done(wanted);
          await eventually(() => expect(load.errors.length).toBeGreaterThan(0)); // at its next use at the latest
          await load.publish("goes on");
          await load.done(["goes on"]);
        },
      );
    }
  }

  it("publish fails in time while the server does not answer, and works again without a restart", async () => {
    await using broker = redisBroker({ url: url(), ...SHORT });
    await broker.publish([message(queue, "first")]);
    for (const harm of [() => proxy.blackHole(), () => proxy.cut()]) {
      proxy.refuse(true);
      harm();
      const failed = broker.publish([message(queue, "lost")]);
      const error = await within(
        rejection(failed, "WFE_PUBLISH_FAILED"),
        2 * SHORT.commandTimeoutMs + 300,
        "the failure",
      );
      expect(error).toMatchObject({ retryable: true });
      expect((error.cause as { code?: string }).code).toBe("WFE_UNAVAILABLE");
      proxy.refuse(false);
      await eventually(() => broker.publish([message(queue, "again")]), { timeoutMs: 10_000 });
    }
    expect(await admin.lrange(queue, 0, -1)).toEqual(["first", "again", "again"]);
  });

  it(
    "a lease that could not be renewed is lost, and what it held goes to others",
    { timeout: 30_000 },
    async () => {
      await using cutOff = redisBroker({ url: url(), ...SHORT });
      await using other = redisBroker({ url: server.url, ...SHORT });
      const { signal } = new AbortController();
      const iterator = cutOff.consume({ queue, prefetch: 1, signal })[Symbol.asyncIterator]();
      await other.publish([message(queue, "held")]);
      const { value: held } = await iterator.next();
      proxy.refuse(true);
      proxy.blackHole();
      const load = consumeAll([other], other, queue);
      await load.done(["held"]);
      await eventually(() => expect(held?.signal.aborted).toBe(true));
      expect(held?.signal.reason).toMatchObject({ code: "WFE_LEASE_LOST" });
      await rejection(Promise.resolve(held?.ack()), "WFE_LEASE_LOST");
      proxy.refuse(false);
    },
  );
});

describeWithRedis("a backend whose network fails", () => {
  const state = { name: "t", attempt: 0, beat: 0, run: "r", results: [], error: "", createdAt: 0 } as const;

  for (const how of ["cut", "blackHole"] as const) {
    it(
      `a watch whose subscription was ${how === "cut" ? "cut" : "black-holed"} misses no end`,
      { timeout: 30_000 },
      async () => {
        await using watching = redisBackend({ url: url(), commandTimeoutMs: 400 });
        await using saving = redisBackend({ url: server.url });
        const id = uniqueName("task");
        let wakes = 0;
        const watch = watching.watch?.(id, () => void (wakes += 1));
        await watch?.ready;
        proxy.refuse(true);
        proxy[how](isSubscribing);
        const end = { ...state, id, status: "SUCCESS" as const, start: 1, expiresAt: Date.now() + 60_000 };
        expect(await saving.saveStates([end])).toEqual([{ stored: true }]);
        proxy.refuse(false);
        await eventually(() => expect(wakes).toBeGreaterThan(0), { timeoutMs: 20_000 });
        watch?.stop();
      },
    );
  }
});
