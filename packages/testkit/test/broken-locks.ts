import type { Lease, Lock } from "@wfe/core";
import type { Broken } from "./adapters.ts";

const HELD = "one holder at a time: everybody else is told at once that it is held (D-61)";
const TAKEN_OVER = "a lease that was taken over extends with false and releases without effect";

/** The lock with other leases. */
function leasing(lock: Lock, change: (lease: Lease) => Lease): Lock {
  return {
    ...lock,
    async acquire(key, options) {
      const lease = await lock.acquire(key, options);
      return lease && change(lease);
    },
  };
}

export const brokenLocks: readonly Broken<Lock>[] = [
  {
    defect: "excludes nobody",
    caughtBy: [HELD, "of 50 racers one wins"],
    breaking: (lock) => {
      let count = 0;
      return {
        ...lock,
        async acquire(key, options) {
          const lease = await lock.acquire(`${key} ${++count}`, options);
          return lease && { ...lease, key };
        },
      };
    },
  },
  {
    defect: "excludes by process only",
    caughtBy: [HELD, "of 50 racers one wins"],
    breaking: (lock, shared) => {
      const prefix = String(shared.size);
      shared.set(prefix, true);
      return {
        ...lock,
        async acquire(key, options) {
          const lease = await lock.acquire(`${prefix} ${key}`, options);
          return lease && { ...lease, key };
        },
      };
    },
  },
  {
    defect: "never lets a lease run out",
    caughtBy: [
      "a lease runs out by itself, and not early",
      "a lease that ran out extends with false, though nobody took it",
    ],
    breaking: (lock) => ({
      ...lock,
      acquire: (key, options) => lock.acquire(key, { ...options, ttlMs: 3_600_000 }),
    }),
  },
  {
    defect: "lets leases run out early",
    caughtBy: ["a lease runs out by itself, and not early"],
    breaking: (lock) => ({
      ...lock,
      acquire: (key, options) => lock.acquire(key, { ...options, ttlMs: options.ttlMs / 2 }),
    }),
  },
  {
    defect: "hands out the same fence",
    caughtBy: ["the fence grows with every holder, whoever it is and however the one before ended"],
    breaking: (lock) => leasing(lock, (lease) => ({ ...lease, fence: 1n })),
  },
  {
    defect: "releases what somebody else holds",
    caughtBy: [TAKEN_OVER, "a released lease extends with false and releases again without effect"],
    breaking: (lock, shared) =>
      leasing(lock, (lease) => {
        shared.set(lease.key, lease);
        return { ...lease, release: () => (shared.get(lease.key) as Lease).release() };
      }),
  },
  {
    defect: "extends whatever became of the lease",
    caughtBy: [TAKEN_OVER, "a lease that ran out extends with false, though nobody took it"],
    breaking: (lock) =>
      leasing(lock, (lease) => ({
        ...lease,
        extend: async (...args) => (await lease.extend(...args)) || true,
      })),
  },
  {
    defect: "extends nothing",
    caughtBy: ["extend holds the lock on", "extend counts from now: it can also shorten a lease"],
    breaking: (lock) => leasing(lock, (lease) => ({ ...lease, extend: () => Promise.resolve(true) })),
  },
  {
    defect: "does not release on disposal",
    caughtBy: ["disposing a lease releases it"],
    breaking: (lock) =>
      leasing(lock, (lease) => ({ ...lease, [Symbol.asyncDispose]: () => Promise.resolve() })),
  },
  {
    defect: "folds the case of keys",
    caughtBy: ["keys are independent"],
    breaking: (lock) => ({
      ...lock,
      async acquire(key, options) {
        const lease = await lock.acquire(key.toLowerCase(), options);
        return lease && { ...lease, key };
      },
    }),
  },
  {
    defect: "cuts keys",
    caughtBy: ["keys are independent"],
    breaking: (lock) => ({
      ...lock,
      async acquire(key, options) {
        const lease = await lock.acquire(key.replace("-longer", ""), options);
        return lease && { ...lease, key };
      },
    }),
  },
  {
    defect: "releases nothing before the lease runs out",
    caughtBy: ["a released lock is free at once, for anybody", "disposing a lease releases it"],
    breaking: (lock) =>
      leasing(lock, (lease) => ({
        ...lease,
        release: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      })),
  },
  {
    defect: "changes keys to what it likes",
    caughtBy: ["keys may be any text, as machinery builds them: spaces, stars, long (D-61)"],
    breaking: (lock) => ({
      ...lock,
      acquire: (key, options) => lock.acquire(key.replace(/\W/g, "_"), options),
    }),
  },
  {
    defect: "does not look at the signal",
    caughtBy: ["an aborted signal rejects with WFE_ABORTED, and takes nothing"],
    breaking: (lock) => ({ ...lock, acquire: (key, { ttlMs }) => lock.acquire(key, { ttlMs }) }),
  },
];
