import { eventually, uniqueName } from "@wfe/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { describeWithRedis } from "./deployments.ts";
import { redisLock } from "../src/index.ts";

let server: PrivateRedis;
let url: string;
beforeAll(async () => {
  server = await startRedis();
  ({ url } = server);
});
afterAll(() => server[Symbol.asyncDispose]());

describeWithRedis("machinery's locks", () => {
  it("have its key and value: a whole number of nanoseconds, until when the lock lasts", async () => {
    const key = uniqueName("machinery_lock");
    const admin = new Redis(url);
    await using lock = redisLock({ url, machinery: true });
    const lease = await lock.acquire(key, { ttlMs: 60_000 });
    const value = (await admin.get(key)) ?? "";
    expect(value).toMatch(/^\d{19}$/);
    expect(Math.abs(Number(BigInt(value) / 1_000_000n) - Date.now() - 60_000)).toBeLessThan(1_000);
    expect(await admin.pttl(key)).toBeGreaterThan(50_000);
    expect(await lock.acquire(key, { ttlMs: 1_000 })).toBeUndefined();
    expect(await lease?.extend(120_000)).toBe(true);
    expect(await admin.pttl(key)).toBeGreaterThan(110_000);
    await lease?.release();
    expect(await admin.exists(key)).toBe(0);
    admin.disconnect();
  });

  it("exclude us, until they run out", async () => {
    const key = uniqueName("machinery_lock");
    const admin = new Redis(url);
    await using lock = redisLock({ url, machinery: true });
    await admin.set(key, `${BigInt(Date.now() + 100) * 1_000_000n}`, "PX", 100);
    expect(await lock.acquire(key, { ttlMs: 1_000 })).toBeUndefined();
    const lease = await eventually(async () => {
      const found = await lock.acquire(key, { ttlMs: 1_000 });
      expect(found).toBeDefined();
      return found;
    });
    await lease?.release();
    admin.disconnect();
  });
});
