let count = 0;

/** A name that no other test of any process has: letters, digits and dashes, which every vendor allows. */
export function uniqueName(prefix = "wfe"): string {
  count += 1;
  const noise = Math.floor(Math.random() * 36 ** 8).toString(36);
  return `${prefix}-${Date.now().toString(36)}${noise}-${count}`;
}

export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** The same items in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** The same numbers for the same seed (mulberry32), so that a failure can be repeated. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const shuffle = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, place: next() }))
      .toSorted((one, other) => one.place - other.place)
      .map(({ item }) => item);
  return { next, below, shuffle };
}
