import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import type { Case } from "../suite.ts";
import { LONG_MS, type LockTest, takeOver } from "./fixture.ts";

export const leaseCases: readonly Case<LockTest>[] = [
  {
    title: "the fence grows with every holder, whoever it is and however the one before ended",
    async run(test) {
      const { acquire, another, key, lock, ttlMs } = test;
      const other = await another();
      const contested = key();
      const fences: bigint[] = [];
      for (const by of [lock, other, other, lock]) {
        const lease = await acquire(contested, by);
        fences.push(lease.fence);
        await lease.release();
      }
      fences.push((await acquire(contested, other, ttlMs)).fence);
      fences.push((await takeOver(test, contested, lock)).fence);
      for (const [i, fence] of fences.entries()) {
        expect(typeof fence).toBe("bigint");
        if (i > 0) expect(fence > (fences[i - 1] ?? 0n), `${fence} after ${fences[i - 1]}`).toBe(true);
      }
    },
  },
  {
    title: "extend holds the lock on",
    async run(test) {
      const { acquire, another, isFree, key, lock, ttlMs } = test;
      const other = await another();
      const [held, sentinel] = [key(), key()];
      const lease = await acquire(held, lock, ttlMs);
      const { fence } = lease;
      await acquire(sentinel, lock, ttlMs);
      expect(await lease.extend(LONG_MS)).toBe(true);
      await takeOver(test, sentinel, other); // the first term is over now
      expect(await isFree(held, other)).toBe(false);
      expect(await lease.extend(LONG_MS)).toBe(true);
      expect(lease.fence).toBe(fence);
      await lease.release();
      expect(await isFree(held, other)).toBe(true);
    },
  },
  {
    title: "extend counts from now: it can also shorten a lease",
    async run(test) {
      const { acquire, another, key, ttlMs } = test;
      const held = key();
      const lease = await acquire(held);
      expect(await lease.extend(ttlMs)).toBe(true);
      await takeOver(test, held, await another());
    },
  },
  {
    title: "a lease that was taken over extends with false and releases without effect",
    async run(test) {
      const { acquire, another, isFree, key, lock, ttlMs } = test;
      const other = await another();
      const contested = key();
      const loser = await acquire(contested, lock, ttlMs);
      const holder = await takeOver(test, contested, other);
      expect(await loser.extend(LONG_MS)).toBe(false);
      await loser.release();
      await loser[Symbol.asyncDispose]();
      expect(await isFree(contested), "the later holder still has it").toBe(false);
      expect(await holder.extend(LONG_MS)).toBe(true);
    },
  },
  {
    title: "a lease that ran out extends with false, though nobody took it",
    async run(test) {
      const { acquire, key, lock, ttlMs, isFree } = test;
      const [lapsed, sentinel] = [key(), key()];
      const lease = await acquire(lapsed, lock, ttlMs);
      await acquire(sentinel, lock, ttlMs);
      await takeOver(test, sentinel);
      await eventually(async () => expect(await lease.extend(1)).toBe(false), {
        timeoutMs: test.expiryTimeoutMs,
      });
      expect(await isFree(lapsed)).toBe(true);
    },
  },
  {
    title: "a released lease extends with false and releases again without effect",
    async run({ acquire, another, isFree, key }) {
      const contested = key();
      const lease = await acquire(contested);
      await lease.release();
      expect(await lease.extend(LONG_MS)).toBe(false);
      await acquire(contested, await another());
      await lease.release();
      expect(await lease.extend(LONG_MS)).toBe(false);
      expect(await isFree(contested)).toBe(false);
    },
  },
];
