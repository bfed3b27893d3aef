import { getEventListeners } from "node:events";
import { expect } from "vitest";
import { eventually, rejection, within } from "../eventually.ts";
import type { Case } from "../suite.ts";
import { LONG_MS, type LockTest, takeOver } from "./fixture.ts";

const RACERS = 50;

export const exclusionCases: readonly Case<LockTest>[] = [
  {
    title: "one holder at a time: everybody else is told at once that it is held (D-61)",
    async run({ acquire, isFree, another, key, lock }) {
      const other = await another();
      const held = key();
      const lease = await acquire(held);
      expect(lock.name).not.toBe("");
      expect(lease.key).toBe(held);
      expect(await isFree(held, other)).toBe(false);
      expect(await isFree(held), "nor does its own connection get it twice").toBe(false);
    },
  },
  {
    title: `of ${RACERS} racers one wins`,
    async run({ lock, another, key }) {
      const other = await another();
      for (let round = 0; round < 5; round++) {
        const contested = key();
        const racers = Array.from({ length: RACERS }, (_, i) =>
          (i % 2 ? other : lock).acquire(contested, { ttlMs: LONG_MS }),
        );
        expect((await Promise.all(racers)).filter((lease) => lease !== undefined)).toHaveLength(1);
      }
    },
  },
  {
    title: "of racers for a lease that ran out one wins",
    async run(test) {
      const { lock, another, key, acquire, ttlMs, expiryTimeoutMs } = test;
      const other = await another();
      const [contested, sentinel] = [key(), key()];
      await acquire(contested, lock, ttlMs);
      await acquire(sentinel, lock, ttlMs);
      await takeOver(test, sentinel);
      const races = async (): Promise<void> => {
        const racers = Array.from({ length: 20 }, (_, i) =>
          (i % 2 ? other : lock).acquire(contested, { ttlMs: LONG_MS }),
        );
        expect((await Promise.all(racers)).filter((lease) => lease !== undefined)).toHaveLength(1);
      };
      await eventually(races, { timeoutMs: expiryTimeoutMs });
    },
  },
  {
    title: "a lease runs out by itself, and not early",
    async run(test) {
      const { acquire, another, key, ttlMs } = test;
      const contested = key();
      const startedAt = performance.now();
      await acquire(contested, test.lock, ttlMs);
      await takeOver(test, contested, await another());
      expect(performance.now() - startedAt + 1).toBeGreaterThanOrEqual(ttlMs); // servers count whole ms
    },
  },
  {
    title: "a released lock is free at once, for anybody",
    async run({ acquire, another, key }) {
      const other = await another();
      const contested = key();
      for (const by of [undefined, other, undefined, other]) {
        const lease = await acquire(contested, by);
        await lease.release();
      }
    },
  },
  {
    title: "disposing a lease releases it",
    async run({ acquire, another, isFree, key }) {
      const contested = key();
      {
        await using lease = await acquire(contested);
        expect(await isFree(lease.key, await another())).toBe(false);
      }
      expect(await isFree(contested, await another())).toBe(true);
    },
  },
  {
    title: "keys are independent",
    async run({ acquire, isFree, key }) {
      const one = key();
      const lease = await acquire(one);
      expect(await isFree(key())).toBe(true);
      expect(await isFree(`${one}-longer`)).toBe(true);
      expect(await isFree(one.toUpperCase())).toBe(true);
      await lease.release();
      expect(await isFree(`${one}-longer`), "releasing one frees no other").toBe(false);
    },
  },
  {
    title: "keys may be any text, as machinery builds them: spaces, stars, long (D-61)",
    async run({ acquire, isFree, key, another }) {
      const other = await another();
      const base = key();
      const keys = [
        `machinery_lock_utils.test${base}*/3 * * *`,
        `${base}:ü-🚀`,
        `${base} tab\tend`,
        base + "k".repeat(300),
      ];
      for (const odd of keys) {
        const lease = await acquire(odd);
        expect(lease.key).toBe(odd);
        expect(await isFree(odd, other)).toBe(false);
        await lease.release();
        expect(await isFree(odd, other)).toBe(true);
      }
    },
  },
  {
    title: "an aborted signal rejects with WFE_ABORTED, and takes nothing",
    async run({ lock, acquire, key }) {
      const signal = AbortSignal.abort();
      const wanted = key();
      await rejection(lock.acquire(wanted, { ttlMs: LONG_MS, signal }), "WFE_ABORTED");
      const lease = await acquire(wanted);
      await rejection(lease.extend(LONG_MS, { signal }), "WFE_ABORTED");
      expect(await lease.extend(LONG_MS)).toBe(true);
    },
  },
  {
    title: "leaves no listener on a signal that it was given",
    async run({ lock, key }) {
      const { signal } = new AbortController();
      const contested = key();
      for (let round = 0; round < 10; round++) {
        const lease = await lock.acquire(contested, { ttlMs: LONG_MS, signal });
        await lease?.extend(LONG_MS, { signal });
        if (round % 2) await lease?.release();
      }
      expect(getEventListeners(signal, "abort")).toEqual([]);
    },
  },
  {
    title:
      "close may be called twice, leaves other connections alive, and use after it rejects with WFE_CLOSED",
    async run({ another, close, key, acquire, timeoutMs }) {
      const closed = await another();
      const lease = await acquire(key(), closed);
      await within(
        Promise.all([closed[Symbol.asyncDispose](), closed[Symbol.asyncDispose]()]),
        timeoutMs,
        "closing twice at once",
      );
      await close(closed);
      await rejection(closed.acquire(key(), { ttlMs: LONG_MS }), "WFE_CLOSED");
      await rejection(lease.extend(LONG_MS), "WFE_CLOSED");
      await acquire(key());
    },
  },
];
