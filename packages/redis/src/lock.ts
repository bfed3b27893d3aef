import type { CallOptions, Lease, Lock } from "@wfe/core";
import { randomBytes } from "node:crypto";
import { type RedisConnectOptions, sourceOf } from "./client.ts";
import { ownBase } from "./keys.ts";
import { abortable, gate, openLink } from "./link.ts";
import { ACQUIRE, EXTEND, RELEASE_LOCK } from "./lockScripts.ts";

export type RedisLockOptions = RedisConnectOptions & {
  /**
   * Locks as machinery's `Lock` takes them: under the bare key, with the moment in nanoseconds at which the lock ends as
   * its value. Both fleets then exclude each other, for example where they run the same periodic tasks. Default false.
   */
  readonly machinery?: boolean | undefined;
};

const NAME = "redis lock";

/** Locks by SET NX PX, each with an owner that only its holder knows, and a number that grows with every holder. */
export function redisLock(options: RedisLockOptions): Lock {
  const source = sourceOf(options, NAME);
  const { enter, close } = gate(NAME);
  const link = openLink(source, "commands", NAME);
  const { prefix } = source;

  const keysOf = (key: string): [string, string] => {
    const name = options.machinery ? prefix + key : `${prefix}wfe:lock:${key}`;
    return [
      options.machinery ? name : `${ownBase(prefix, name, link.isCluster)}owner`,
      `${ownBase(prefix, name, link.isCluster)}fence`,
    ];
  };
  const call = <T>(work: Promise<T>, options: CallOptions | undefined): Promise<T> =>
    abortable(work, options, NAME);

  return {
    name: "redis",
    async acquire(key, { ttlMs, signal }) {
      enter({ signal });
      const keys = keysOf(key);
      let owner = options.machinery ? machineryValue(ttlMs) : randomBytes(16).toString("base64url");
      const fence = (await call(link.run(ACQUIRE, keys, [owner, Math.ceil(ttlMs)]), { signal })) as
        | string
        | null;
      if (fence === null) return undefined;
      let over = false;

      const release = async (): Promise<void> => {
        if (over) return;
        over = true;
        await link.run(RELEASE_LOCK, keys, [owner]);
      };
      const lease: Lease = {
        key,
        fence: BigInt(fence),
        async extend(ms, extension) {
          enter(extension);
          if (over) return false;
          const next = options.machinery ? machineryValue(ms) : owner;
          const extended = await call(link.run(EXTEND, keys, [owner, next, Math.ceil(ms)]), extension);
          if (extended !== 1) return false;
          owner = next;
          return true;
        },
        release,
        [Symbol.asyncDispose]: release,
      };
      return lease;
    },
    async [Symbol.asyncDispose]() {
      close();
      link.close();
    },
  };
}

/** When the lock ends, in ns; the last digits, which are below what a clock tells, make it our own. */
function machineryValue(ttlMs: number): string {
  const below = String(randomBytes(4).readUInt32BE() % 1_000_000).padStart(6, "0");
  return `${Math.ceil(Date.now() + ttlMs)}${below}`;
}
