/** A binary heap: the least item is always at hand. Adding and taking cost O(log n). */
export interface Heap<T> {
  readonly size: number;
  /** The least item, or undefined. It stays. */
  peek(): T | undefined;
  push(item: T): void;
  /** Takes the least item, or undefined. */
  pop(): T | undefined;
}

/** Items that are equal under `before` come out in no particular order: break ties by a number of their own. */
export function heap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];

  /** Carries `item` from the open place `at` towards the root, past all that come after it. */
  const rise = (item: T, at: number): void => {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, items[parent] as T)) break;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[at] = item;
  };

  /** Carries `item` from the root towards the leaves, past all that come before it. */
  const sink = (item: T): void => {
    const end = items.length;
    let at = 0;
    for (let child = 1; child < end; child = 2 * at + 1) {
      if (child + 1 < end && before(items[child + 1] as T, items[child] as T)) child++;
      if (!before(items[child] as T, item)) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = item;
  };

  return {
    get size(): number {
      return items.length;
    },
    peek: () => items[0],
    push(item) {
      rise(item, items.length);
    },
    pop() {
      const least = items[0];
      const last = items.pop();
      if (last !== undefined && items.length > 0) sink(last);
      return least;
    },
  };
}
