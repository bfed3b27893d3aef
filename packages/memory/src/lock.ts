import type { Lease, Lock } from "@wfe/core";
import { connect } from "./connection.ts";
import type { ConnectOptions } from "./store.ts";

export type MemoryLockOptions = ConnectOptions;

/** One connection to a store's locks. Leases outlive it until they run out, as on a real server. */
export function memoryLock(options: MemoryLockOptions = {}): Lock {
  const { store, enter, close } = connect("memory lock", options);
  const { locks, clock } = store;

  const leaseOf = (key: string, holder: object, fence: bigint): Lease => {
    const release = async (): Promise<void> => {
      if (locks.get(key) === holder) locks.delete(key);
    };
    return {
      key,
      fence,
      async extend(ttlMs, call) {
        enter(call);
        if (locks.get(key) !== holder) return false;
        locks.set(key, holder, clock.now() + ttlMs);
        return true;
      },
      release,
      [Symbol.asyncDispose]: release,
    };
  };

  return {
    name: "memory",
    async acquire(key, { ttlMs, signal }) {
      enter({ signal });
      if (locks.get(key) !== undefined) return undefined;
      const holder = {};
      locks.set(key, holder, clock.now() + ttlMs);
      return leaseOf(key, holder, BigInt(store.nextNumber()));
    },
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}
