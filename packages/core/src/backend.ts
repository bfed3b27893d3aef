import type { CallOptions } from "./broker.ts";

/**
 * The Backend port: remembers task states and groups. Batch-first: core gathers the calls of one tick. Every call
 * settles, within the adapter's own time limit: `WFE_UNAVAILABLE` while the server is away, `WFE_CLOSED` after close.
 * One caller's aborted signal rejects its own call with `WFE_ABORTED` and never the work of others.
 *
 * ## Order of states
 *
 * A state carries (attempt, start, rank, beat), compared in this order; `rank` follows from the status:
 * PENDING < RECEIVED < STARTED < RETRY < final. A save wins only if it is greater than what stands, and a
 * final state (SUCCESS, FAILURE, REVOKED) always stands; REVOKED wins over all that is not final. `attempt` counts retries, `start` counts executions
 * of one attempt, `beat` counts the renewals of a long run. So an execution that lost its lease is fenced: its
 * later saves are refused.
 *
 * A save whose answer was lost is repeated by its caller; it then finds its own `run` token in the state that
 * stands. An adapter must therefore keep `run` and hand it back.
 *
 * A state written by machinery (Go) has neither attempt nor start: an adapter reads both as `undefined`, and
 * `supersedes` compares such a state as (attempt of the newcomer, start 1).
 */
export interface Backend extends AsyncDisposable {
  /** For logs and errors: "memory", "redis", … */
  readonly name: string;
  readonly facts: BackendFacts;
  /** Stores each state that supersedes the stored one. Answers per item, in order: one bad item never fails its
   * neighbours. The same id may stand in one batch twice; the items are then applied in order. */
  saveStates(states: readonly TaskState[], options?: CallOptions): Promise<readonly SaveOutcome[]>;
  /** In the order asked; undefined where there is none, or where it has expired. */
  loadStates(ids: readonly string[], options?: CallOptions): Promise<readonly (TaskState | undefined)[]>;
  /** Stores a group with no member settled. Idempotent: an existing one stays as it is. */
  createGroups(groups: readonly Group[], options?: CallOptions): Promise<void>;
  /** With the settled counts as they stand; undefined where there is none. */
  loadGroup(id: string, options?: CallOptions): Promise<StoredGroup | undefined>;
  /** Counts each member once, however often it is called. Answers per item, in order. */
  settleMembers(members: readonly Member[], options?: CallOptions): Promise<readonly SettleOutcome[]>;
  /** Remembers that the group's follow-ups were published, and lets the group expire. Idempotent. */
  markTriggered(groupId: string, expiresAt: number, options?: CallOptions): Promise<void>;
  /** Sets the expiry of stored states (a group's members, when their results have been taken). Unknown ids are skipped. */
  expire(ids: readonly string[], expiresAt: number, options?: CallOptions): Promise<void>;
  /** Forgets states and groups. Unknown ids are skipped. */
  remove(ids: readonly string[], options?: CallOptions): Promise<void>;
  /** Optional. Calls `wake` soon after the state `id` becomes final, with that state where it is at hand, so that
   * waiting needs no polling. It may wake
   * for no reason, and must wake when its connection was away. `wake` never throws. `ready` resolves when no later end can be missed. */
  watch?(id: string, wake: (state?: TaskState) => void): Watch;
  /** Optional: small versioned records for everything that is not a task state. */
  readonly records?: Records;
}

export interface BackendFacts {
  /** Stored states may vanish before they expire (a cache): core warns once when workflows depend on them. */
  readonly volatile: boolean;
  /** Expiry is kept to this precision; never early. */
  readonly expiryStepMs: number;
  /** The largest encoded state. */
  readonly maxValueBytes: number;
  /** The most items one call takes. Core splits larger ones. */
  readonly maxBatch: number;
  /** Saves of states and `ifVersion` of records are compared and set atomically. False: two racing ones may both win. */
  readonly guarded: boolean;
  /** Reading a state does not use it up. */
  readonly repeatableRead: boolean;
}

export type TaskStatus = "PENDING" | "RECEIVED" | "STARTED" | "RETRY" | "SUCCESS" | "FAILURE" | "REVOKED";

/** The stored record of one call. */
export interface TaskState {
  readonly id: string;
  readonly name: string;
  readonly status: TaskStatus;
  /** Retries so far. Undefined only in a state that machinery wrote. */
  readonly attempt: number | undefined;
  /** Executions of this attempt; 0 before the first. Undefined only in a state that machinery wrote. */
  readonly start: number | undefined;
  /** Renewals of a long run. */
  readonly beat: number;
  /** Token of the run that saved it; "" when no run did. */
  readonly run: string;
  /** Of SUCCESS: what the task returned. */
  readonly results: readonly TypedValue[];
  /** Of FAILURE, RETRY and REVOKED: the reason, for people. */
  readonly error: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms after which the record may vanish and is no longer found. */
  readonly expiresAt: number;
  /** Anything JSON that core adds for people (progress, worker tag, times). Adapters keep it as it is. */
  readonly info?: Readonly<Record<string, unknown>> | undefined;
}

/** A value with its machinery type name, for example `{ type: "int64", value: 2 }`. Unsafe integers are `bigint`. */
export interface TypedValue {
  readonly type: string;
  readonly value: unknown;
  /** What the type name cannot say: "bigint" for an integer that was a `bigint` in JavaScript. */
  readonly as?: "bigint" | undefined;
}

/** What became of one save. `state` is what stands now. */
export type SaveOutcome =
  | { readonly stored: true }
  | { readonly stored: false; readonly state: TaskState }
  | { readonly stored: false; readonly error: Error };

/** The stored record of which members a group has. */
export interface Group {
  readonly id: string;
  readonly size: number;
  /** In declared order. Undefined: member i is `memberId(id, i)`, as in groups too large to list. */
  readonly memberIds: readonly string[] | undefined;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface StoredGroup extends Group {
  readonly settled: number;
  readonly triggered: boolean;
}

export interface Member {
  readonly groupId: string;
  readonly taskId: string;
}

export type SettleOutcome =
  | {
      /** Members that have not settled yet. */
      readonly remaining: number;
      /** This call was the one that counted the member. */
      readonly first: boolean;
      readonly triggered: boolean;
    }
  | { readonly missing: true }
  | { readonly error: Error };

export interface Watch {
  /** Rejects where the backend cannot watch now: its caller then looks by itself. */
  readonly ready: Promise<void>;
  stop(): void;
}

/**
 * Compare-and-set documents in named collections. Core and middleware keep here what is not a task state
 * (revocations, long continuations, unique keys, worker registry, last ticks).
 */
export interface Records {
  /** Whether `list` works; where not, it rejects with `WFE_UNSUPPORTED`. */
  readonly lists: boolean;
  put(records: readonly RecordPut[], options?: CallOptions): Promise<readonly PutOutcome[]>;
  get(keys: readonly RecordKey[], options?: CallOptions): Promise<readonly (StoredRecord | undefined)[]>;
  /** In order of keys, those after `after`. */
  list(
    collection: string,
    options: { readonly after?: string; readonly limit: number } & CallOptions,
  ): Promise<readonly StoredRecord[]>;
}
export interface RecordKey {
  readonly collection: string;
  readonly key: string;
}
export interface RecordPut extends RecordKey {
  readonly value: string;
  readonly expiresAt: number;
  /** Put only if the stored version is this one. 0: only if there is none. Absent: always. */
  readonly ifVersion?: number | undefined;
}
export type PutOutcome =
  | { readonly stored: true; readonly version: number }
  | { readonly stored: false; readonly current: StoredRecord | undefined };
export interface StoredRecord extends RecordKey {
  readonly value: string;
  readonly version: number;
  readonly expiresAt: number;
}
