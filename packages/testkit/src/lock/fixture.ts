import type { Lease, Lock } from "@wfe/core";
import type { Namespace } from "../broker/fixture.ts";
import { eventually, within } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Opened, SuiteOptions } from "../suite.ts";

/** One test's lock and how to reach its server from elsewhere. */
export interface LockFixture {
  readonly lock: Lock;
  /** Another connection to the same server and namespace. */
  another(): Lock | PromiseLike<Lock>;
  /** After every lock was closed: removes the namespace and closes what the factory opened itself. */
  cleanup(): void | PromiseLike<void>;
}

export type LockFactory = (namespace: Namespace) => LockFixture | PromiseLike<LockFixture>;

export interface LockSuiteOptions extends SuiteOptions {
  /** The shortest lease that this vendor keeps well. Default 300. */
  readonly ttlMs?: number | undefined;
}

/** What a lock case works with. Every lock that it opens is closed with it. */
export interface LockTest {
  readonly lock: Lock;
  readonly timeoutMs: number;
  /** A short lease, which runs out within `expiryTimeoutMs`. */
  readonly ttlMs: number;
  readonly expiryTimeoutMs: number;
  another(): Promise<Lock>;
  close(lock: Lock): Promise<void>;
  /** A fresh key. */
  key(): string;
  /** A long lease that must be granted. */
  acquire(key: string, by?: Lock, ttlMs?: number): Promise<Lease>;
  /** Whether a long lease is granted; it is then kept. */
  isFree(key: string, by?: Lock): Promise<boolean>;
}

export const LONG_MS = 600_000;

export async function openLockTest(
  factory: LockFactory,
  options: LockSuiteOptions = {},
): Promise<Opened<LockTest>> {
  const { timeoutMs = 5_000, ttlMs = 300 } = options;
  const fixture = await factory({ namespace: uniqueName("kit") });
  const { lock } = fixture;
  const locks = new Set([lock]);

  const another = async (): Promise<Lock> => {
    const other = await fixture.another();
    locks.add(other);
    return other;
  };
  const close = async (one: Lock): Promise<void> => {
    locks.delete(one);
    await within(one[Symbol.asyncDispose](), timeoutMs, "closing a lock");
  };
  const tryOnce = (key: string, by: Lock = lock, ms: number = LONG_MS): Promise<Lease | undefined> =>
    within(by.acquire(key, { ttlMs: ms }), timeoutMs, "acquire");
  const acquire: LockTest["acquire"] = async (key, by, ms) => {
    const lease = await tryOnce(key, by, ms);
    if (!lease) throw new Error(`expected the lock on ${key} to be free, but it is held`);
    return lease;
  };
  const isFree: LockTest["isFree"] = async (key, by) => (await tryOnce(key, by)) !== undefined;
  const closeAll = async (): Promise<void> => {
    const closed = await Promise.allSettled([...locks].map(close));
    await fixture.cleanup();
    const failed = closed.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  };
  const limits = { timeoutMs, ttlMs, expiryTimeoutMs: 2 * ttlMs + timeoutMs };
  const tools = { another, close, key: () => uniqueName("lock"), acquire, isFree };
  return { context: { lock, ...limits, ...tools }, close: closeAll };
}

/** The lease of whoever gets the key next, once the one before has run out. */
export async function takeOver(
  { acquire, expiryTimeoutMs }: LockTest,
  key: string,
  by?: Lock,
): Promise<Lease> {
  return await eventually(() => acquire(key, by), { timeoutMs: expiryTimeoutMs });
}
