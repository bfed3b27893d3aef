import { type Clock, type Group, type StoredRecord, systemClock, type TaskState } from "@wfe/core";
import { type ExpiringMap, sweeper } from "./expiring.ts";
import { queue, type Queue } from "./queue.ts";

/**
 * The "server" behind memory adapters: every broker, backend and lock made with the same store is one more
 * connection to it. It outlives them all; disposing it ends its timers.
 */
export interface MemoryStore extends Disposable {
  /** Tells the time of delays, expiry and locks. */
  readonly clock: Clock;
  /** Made at the first use of its name. */
  queue(name: string): Queue;
  /** Made at the first use of its name. */
  collection(name: string): Collection;
  readonly states: ExpiringMap<TaskState>;
  readonly groups: ExpiringMap<GroupEntry>;
  readonly locks: ExpiringMap<object>;
  /** By task: who waits for its end. */
  readonly watchers: Map<string, Set<Wake>>;
  /** The next of the numbers that versions and fences are taken from; none comes twice in the life of the store. */
  nextNumber(): number;
}

export type Wake = (state: TaskState) => void;

export interface GroupEntry {
  readonly group: Group;
  readonly settled: Set<string>;
  triggered: boolean;
}

export interface Collection {
  readonly records: ExpiringMap<StoredRecord>;
  /** The keys in order, until one is added. */
  sortedKeys: readonly string[] | undefined;
}

export interface MemoryStoreOptions {
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** What every connection takes. */
export interface ConnectOptions extends MemoryStoreOptions {
  /** The store to connect to. Default: one of its own, which ends with it; only then `clock` is looked at. */
  readonly store?: MemoryStore | undefined;
}

/** An empty store. It holds what it is given as it is, without copying: do not change a value after saving it. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const clock = options.clock ?? systemClock;
  const expiring = sweeper(clock);
  const queues = new Map<string, Queue>();
  const collections = new Map<string, Collection>();
  let lastNumber = 0;

  return {
    clock,
    queue(name) {
      let found = queues.get(name);
      if (found === undefined) queues.set(name, (found = queue(clock)));
      return found;
    },
    collection(name) {
      let found = collections.get(name);
      if (found === undefined)
        collections.set(name, (found = { records: expiring.map(), sortedKeys: undefined }));
      return found;
    },
    states: expiring.map(),
    groups: expiring.map(),
    locks: expiring.map(),
    watchers: new Map(),
    nextNumber: () => ++lastNumber,
    [Symbol.dispose]() {
      expiring[Symbol.dispose]();
      for (const each of queues.values()) each[Symbol.dispose]();
    },
  };
}
