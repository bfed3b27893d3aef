import { WfeError } from "@wfe/core";

/** The port methods that are counted. `consume.next` is one fetch of one delivery. */
export type CallName =
  | "publish"
  | "consume.next"
  | "ack"
  | "release"
  | "inspect"
  | "saveStates"
  | "loadStates"
  | "createGroups"
  | "loadGroup"
  | "settleMembers"
  | "markTriggered"
  | "expire"
  | "remove"
  | "watch"
  | "records.put"
  | "records.get"
  | "records.list"
  | "lock.acquire"
  | "lock.extend"
  | "lock.release";

/**
 * - `fail`: rejects with `WFE_UNAVAILABLE`; nothing was done.
 * - `loseAnswer`: it was done, and rejects with `WFE_UNAVAILABLE` all the same.
 * - `crashBefore`, `crashAfter`: the process dies before or after the call; neither this call nor any that is
 *   under way or comes later is ever answered.
 */
export type FaultMode = "fail" | "loseAnswer" | "crashBefore" | "crashAfter";

export interface Fault {
  /** Which call, from 1: of all calls or, with `of`, of those of one method. */
  readonly at: number;
  readonly of?: CallName | undefined;
  readonly mode: FaultMode;
}

export interface CallRecord {
  readonly name: CallName;
  /** Its number among all calls, from 1. */
  readonly at: number;
  /** Its number among the calls of this method, from 1. */
  readonly nth: number;
}

/** What a fault may spoil besides a call. */
export type Spoiling = "dropAck" | "duplicate" | "reorder";

/** The counters and the plan that all faulty adapters of one process share. */
export interface Faults {
  /** Does `act`, or what the plan has for this call instead. */
  call<T>(name: CallName, act: () => Promise<T>): Promise<T>;
  /** Counts one more chance for this spoiling. True: it is one of those planned. */
  spoils(what: Spoiling): boolean;
  /** Closes a real adapter, unless the process died and cannot. */
  close(real: AsyncDisposable): Promise<void>;
  readonly dead: boolean;
  readonly crashed: Promise<void>;
  readonly calls: readonly CallRecord[];
  plan(faults: readonly Fault[]): void;
  spoil(what: Spoiling, nth: number): void;
}

export function faults(): Faults {
  const planned: Fault[] = [];
  const spoiled = new Set<string>();
  const calls: CallRecord[] = [];
  const counts = new Map<CallName | Spoiling, number>();
  const crash = Promise.withResolvers<void>();
  let dead = false;

  const count = (what: CallName | Spoiling): number => {
    const n = (counts.get(what) ?? 0) + 1;
    counts.set(what, n);
    return n;
  };
  const record = (name: CallName): CallRecord => {
    const made = { name, at: calls.length + 1, nth: count(name) };
    calls.push(made);
    return made;
  };
  const modeOf = ({ name, at, nth }: CallRecord): FaultMode | undefined => {
    const strikes = ({ of, at: when }: Fault): boolean =>
      of === undefined ? when === at : of === name && when === nth;
    return planned.find(strikes)?.mode;
  };
  const die = (): void => {
    dead = true;
    crash.resolve();
  };

  return {
    async call(name, act) {
      if (dead) return forever();
      const made = record(name);
      const mode = modeOf(made);
      if (mode === "fail") throw unavailable(made, "was not done");
      if (mode === "crashBefore") {
        die();
        return forever();
      }
      const outcome = await settled(act());
      if (mode === "crashAfter") die();
      if (dead) return forever();
      if (mode === "loseAnswer") throw unavailable(made, "was done, but its answer is lost");
      return outcome();
    },
    spoils: (what) => spoiled.has(`${what} ${count(what)}`),
    async close(real) {
      if (!dead) await real[Symbol.asyncDispose]();
    },
    get dead(): boolean {
      return dead;
    },
    crashed: crash.promise,
    calls,
    plan: (more) => void planned.push(...more),
    spoil: (what, nth) => void spoiled.add(`${what} ${nth}`),
  };
}

/** How `promise` ended, to be answered or thrown later. */
async function settled<T>(promise: Promise<T>): Promise<() => T> {
  try {
    const value = await promise;
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** What a dead process gets for an answer. */
function forever<T>(): Promise<T> {
  return new Promise(() => {});
}

function unavailable({ name, at, nth }: CallRecord, what: string): WfeError {
  return new WfeError("WFE_UNAVAILABLE", `injected fault: call ${at} (${name}, its ${nth}.) ${what}`);
}
