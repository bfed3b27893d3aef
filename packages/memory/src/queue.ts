import type { Clock, Message, QueueSnapshot } from "@wfe/core";
import { alarm } from "./alarm.ts";
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
  publish(message: Message): Entry;
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

  const add = (entry: Entry): void => {
    if (delayed.size > 0) ripen(); // what became due before this came in goes before it
    entry.place = ++lastPlace;
    if (entry.notBefore > clock.now()) delayed.push(entry);
    else waiting.push(entry);
    serve();
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

  /** Restores order after any change: who waits is served, and the alarm is set for what is delayed. */
  const serve = (): void => {
    for (const taker of takers) {
      if (waiting.size === 0) break;
      takers.delete(taker);
      if (taker.take(pop())) takers.add(taker); // at the end: the others come first
    }
    nextRipe.set(delayed.peek()?.notBefore ?? Infinity, listening === 0);
  };

  const pop = (): Entry => {
    held++;
    return waiting.pop() as Entry;
  };

  const catchUp = (): void => {
    if (delayed.size === 0) return;
    ripen();
    serve();
  };
  const nextRipe = alarm(clock, catchUp);

  return {
    publish(message) {
      const { body, priority = 0, notBefore = 0 } = message;
      const entry: Entry = { body, priority, redelivered: false, notBefore, place: 0 };
      add(entry);
      return entry;
    },
    take() {
      catchUp();
      return waiting.size > 0 ? pop() : undefined;
    },
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
      serve();
    },
    inspect(limit) {
      catchUp();
      return {
        waiting: waiting.size,
        running: held,
        delayed: delayed.size,
        firstWaiting: first(waiting, limit).map((entry) => entry.body),
        firstDelayed: first(delayed, limit).map(({ body, notBefore }) => ({ body, notBefore })),
      };
    },
    [Symbol.dispose]: () => nextRipe[Symbol.dispose](),
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
