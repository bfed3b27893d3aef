import type { CallOptions } from "./broker.ts";

/**
 * The Lock port: one holder at a time, until the lease runs out.
 *
 * `acquire` never waits for a holder: it answers `undefined` at once when somebody else holds the key. A lease
 * that ran out, or was taken by a later holder, extends with `false` and releases without effect.
 */
export interface Lock extends AsyncDisposable {
  readonly name: string;
  acquire(key: string, options: AcquireOptions): Promise<Lease | undefined>;
}
export interface AcquireOptions extends CallOptions {
  readonly ttlMs: number;
}

/** A lock held until a moment, with an owner. Disposing releases it. */
export interface Lease extends AsyncDisposable {
  readonly key: string;
  /** Grows with every holder of this key: hand it to what you write to, and let that refuse smaller ones. */
  readonly fence: bigint;
  /** Holds the lock for `ttlMs` from now. False: it is no longer ours. */
  extend(ttlMs: number, options?: CallOptions): Promise<boolean>;
  release(): Promise<void>;
}
