import type { Clock, Message, QueueSnapshot } from "@wfe/core";
import { type Heap, heap } from "./heap.ts";

/** A message on the server: delayed, waiting, or in the hands of a consumer. */
export interface Entry {
  readonly body: string;
  readonly priority: number;
  redelivered: boolean;
  /** Delayed until then. */
  notBefore: number;
  /** Numbered in the order in which they became ready (or, of delayed ones, came in). */
  place: number;
}

/** Somebody who waits for a message. */
export interface Taker {
  /** Takes one. True: and would take another. */
  take(entry: Entry): boolean;
}

/**
 * One queue of the store. An entry is in exactly one place:
 *
 *     publish ──→ delayed ──(due)──→ waiting ──(take)──→ held ──(drop)──→ gone
 *        └─────────────────────────────↑ ↑                │
 *                  └──────(put back, delayed)─────────────┘ (put back: to its old place)
 */
export interface Queue extends Disposable {
  publish(message: Message): void;
  /** The next entry, if one waits; the caller holds it then. */
  take(): Entry | undefined;
  /** A held entry is done with. */
  drop(entry: Entry): void;
  /** A held entry waits again: where it stood, or as a newcomer after `delayMs`. */
  putBack(entry: Entry, delayMs?: number): void;
  /** Hands the next entry to `taker`; those who ask take turns. */
  ask(taker: Taker): void;
  /** `taker` waits no longer. */
  forget(taker: Taker): void;
  /** Delays keep the process alive while somebody listens. */
  listeners(change: 1 | -1): void;
  inspect(limit: number): QueueSnapshot;
}

const nextToTake = (a: Entry, b: Entry): boolean =>
  a.priority === b.priority ? a.place < b.place : a.priority > b.priority;
const nextDue = (a: Entry, b: Entry): boolean =>
  a.notBefore === b.notBefore ? a.place < b.place : a.notBefore < b.notBefore;

export function queue(clock: Clock): Queue {
  const waiting = heap(nextToTake);
  const delayed = heap(nextDue);
  /** Nobody is in it while anything waits. A Set keeps them in order, and lets them leave. */
  const takers = new Set<Taker>();
  let held = 0;
  let lastPlace = 0;
  let listening = 0;
  let armedFor = Infinity;
  let disarm: (() => void) | undefined;

  const add = (entry: Entry): void => {
    entry.place = ++lastPlace;
    if (entry.notBefore > clock.now()) {
      delayed.push(entry);
      arm();
    } else {
      waiting.push(entry);
      serve();
    }
  };

  const serve = (): void => {
    for (const taker of takers) {
      const entry = take();
      if (entry === undefined) return;
      takers.delete(taker);
      if (taker.take(entry)) takers.add(taker); // at the end: the others come first
    }
  };

  const take = (): Entry | undefined => {
    if (delayed.size > 0) ripen();
    const entry = waiting.pop();
    if (entry !== undefined) held++;
    return entry;
  };

  /** What is due joins the line, in order of its moment. */
  const ripen = (): void => {
    const now = clock.now();
    for (let next = delayed.peek(); next !== undefined && next.notBefore <= now; next = delayed.peek()) {
      delayed.pop();
      next.place = ++lastPlace;
      waiting.push(next);
    }
  };

  const arm = (): void => {
    const next = delayed.peek()?.notBefore ?? Infinity;
    if (next === armedFor) return;
    disarm?.();
    armedFor = next;
    if (next === Infinity) return;
    disarm = clock.after(next - clock.now(), due, { background: listening === 0 });
  };

  const due = (): void => {
    armedFor = Infinity;
    ripen();
    serve();
    arm();
  };

  return {
    publish(message) {
      add({
        body: message.body,
        priority: message.priority ?? 0,
        redelivered: false,
        notBefore: message.notBefore ?? 0,
        place: 0,
      });
    },
    take,
    drop() {
      held--;
    },
    putBack(entry, delayMs = 0) {
      held--;
      if (delayMs > 0) {
        entry.notBefore = clock.now() + delayMs;
        add(entry);
      } else {
        waiting.push(entry);
        serve();
      }
    },
    ask(taker) {
      takers.add(taker);
      serve();
    },
    forget: (taker) => void takers.delete(taker),
    listeners(change) {
      listening += change;
      armedFor = Infinity;
      arm();
    },
    inspect(limit) {
      ripen();
      return {
        waiting: waiting.size,
        running: held,
        delayed: delayed.size,
        firstWaiting: first(waiting, limit).map((entry) => entry.body),
        firstDelayed: first(delayed, limit).map(({ body, notBefore }) => ({ body, notBefore })),
      };
    },
    [Symbol.dispose]() {
      disarm?.();
    },
  };
}

/** Looks at the first `limit` of a heap, and leaves it as it was: the order of entries has no ties. */
function first(entries: Heap<Entry>, limit: number): Entry[] {
  const taken: Entry[] = [];
  while (taken.length < limit) {
    const entry = entries.pop();
    if (entry === undefined) break;
    taken.push(entry);
  }
  for (const entry of taken) entries.push(entry);
  return taken;
}
