import type { Lease, Lock } from "@wfe/core";
import type { Faults } from "./faults.ts";

export function faultyLock(real: Lock, faults: Faults): Lock {
  const { call } = faults;
  const wrap = (lease: Lease): Lease => {
    const release = (): Promise<void> => call("lock.release", () => lease.release());
    return {
      key: lease.key,
      fence: lease.fence,
      extend: (ttlMs, options) => call("lock.extend", () => lease.extend(ttlMs, options)),
      release,
      [Symbol.asyncDispose]: release,
    };
  };
  return {
    name: real.name,
    async acquire(key, options) {
      const lease = await call("lock.acquire", () => real.acquire(key, options));
      return lease && wrap(lease);
    },
    [Symbol.asyncDispose]: () => faults.close(real),
  };
}
