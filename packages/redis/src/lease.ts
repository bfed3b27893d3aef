import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { QueueKeys } from "./keys.ts";
import { leaseLost } from "./errors.ts";

/**
 * The identity under which a consumer holds messages. It ends for good when the server says so, or when no heartbeat
 * was answered for as long as it lasts; the consumer then takes a new one, so nothing of the old one can touch what
 * belongs to others by now.
 */
export interface Lease {
  readonly id: string;
  readonly held: string;
  readonly woken: string;
  readonly signal: AbortSignal;
  readonly isLost: boolean;
  /** The number of the next entry. */
  nextSeq: number;
  /** The number of the last turn. */
  turn: number;
  /** By the monotonic clock: when the last answered heartbeat was sent. */
  confirmedAt: number;
  /** The fields of what was handed out and not settled. */
  readonly open: Set<string>;
  lose(why: string): void;
}

export function newLease(keys: QueueKeys, tag: string): Lease {
  const id = `${tag}@${hostname()}.${process.pid}.${randomBytes(6).toString("hex")}`;
  const controller = new AbortController();
  return {
    id,
    held: keys.held(id),
    woken: keys.woken(id),
    signal: controller.signal,
    get isLost() {
      return controller.signal.aborted;
    },
    nextSeq: 1,
    turn: 0,
    confirmedAt: performance.now(),
    open: new Set(),
    lose: (why) => controller.abort(leaseLost(why)),
  };
}
