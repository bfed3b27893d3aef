import type { Clock } from "@wfe/core";
import { alarm } from "./alarm.ts";
import { heap } from "./heap.ts";

/** A map whose entries are gone once their moment has come: for readers at once, from the heap within a second. */
export interface ExpiringMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, expiresAt: number): void;
  delete(key: string): void;
  /** In order of first writing. Some that expired may still be among them. */
  keys(): Iterable<string>;
}

/** Frees what expired, in any number of maps, with one background timer. */
export interface Sweeper extends Disposable {
  map<V>(): ExpiringMap<V>;
}

interface Slot {
  readonly home: Map<string, Slot>;
  readonly key: string;
  value: unknown;
  expiresAt: number;
  /** When the sweeper looks at it next: the name of its bucket. */
  checkAt: number;
  /** Where in its bucket. */
  index: number;
}

/** The width of the narrowest bucket, and so how long an expired entry may stay on the heap. */
const NARROWEST_MS = 1_000;
/** A bucket is as wide as a power of two below this part of the time that is left. */
const BUCKETS_PER_SPAN = 32;

/**
 * Each slot lies in the bucket of the moment at which the sweeper looks at it. Buckets far away are wide, so
 * there are few of them; when one comes due, its slots move on to narrower ones. A slot that is prolonged stays
 * where it is until then; one that is cut short moves at once. So a write costs O(1), however many entries there
 * are, and a wait of a week a handful of moves.
 */
export function sweeper(clock: Clock): Sweeper {
  const buckets = new Map<number, Slot[]>();
  const order = heap<number>((a, b) => a < b);
  const next = alarm(clock, () => sweep());

  const place = (slot: Slot, now: number): void => {
    slot.checkAt = checkAt(slot.expiresAt, now);
    if (slot.checkAt === Infinity) return;
    let bucket = buckets.get(slot.checkAt);
    if (bucket === undefined) {
      buckets.set(slot.checkAt, (bucket = []));
      order.push(slot.checkAt);
      next.set(order.peek() ?? Infinity, true);
    }
    slot.index = bucket.push(slot) - 1;
  };

  const unplace = (slot: Slot): void => {
    const bucket = buckets.get(slot.checkAt);
    const last = bucket?.pop();
    if (bucket === undefined || last === undefined || last === slot) return;
    bucket[slot.index] = last;
    last.index = slot.index;
  };

  const sweep = (): void => {
    const now = clock.now();
    for (let at = order.peek(); at !== undefined && at <= now; at = order.peek()) {
      const due = buckets.get(at);
      order.pop();
      buckets.delete(at);
      for (const slot of due ?? []) {
        if (slot.expiresAt <= now) slot.home.delete(slot.key);
        else place(slot, now);
      }
    }
    next.set(order.peek() ?? Infinity, true);
  };

  const set = (home: Map<string, Slot>, key: string, value: unknown, expiresAt: number): void => {
    const slot = home.get(key);
    if (slot === undefined) {
      const added: Slot = { home, key, value, expiresAt, checkAt: Infinity, index: 0 };
      home.set(key, added);
      place(added, clock.now());
      return;
    }
    slot.value = value;
    slot.expiresAt = expiresAt;
    if (expiresAt >= slot.checkAt) return;
    unplace(slot);
    place(slot, clock.now());
  };

  function map<V>(): ExpiringMap<V> {
    const home = new Map<string, Slot>();
    return {
      get(key) {
        const slot = home.get(key);
        return slot !== undefined && slot.expiresAt > clock.now() ? (slot.value as V) : undefined;
      },
      set(key, value, expiresAt) {
        set(home, key, value, expiresAt);
      },
      delete(key) {
        const slot = home.get(key);
        if (slot === undefined) return;
        home.delete(key);
        unplace(slot);
      },
      keys: () => home.keys(),
    };
  }

  return {
    map,
    [Symbol.dispose]: () => next[Symbol.dispose](),
  };
}

/** The last moment will do for what is near; what is far is looked at when most of its time has passed. */
function checkAt(expiresAt: number, now: number): number {
  if (!Number.isFinite(expiresAt)) return Infinity;
  const width = 2 ** Math.floor(Math.log2((expiresAt - now) / BUCKETS_PER_SPAN));
  return width > NARROWEST_MS
    ? Math.floor(expiresAt / width) * width
    : Math.ceil(expiresAt / NARROWEST_MS) * NARROWEST_MS;
}
