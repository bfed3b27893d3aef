import type { PutOutcome, RecordPut, Records } from "@wfe/core";
import type { Connection } from "./connection.ts";

/** The records of a store. Versions come from one counter, so a record that comes again never repeats one. */
export function memoryRecords({ store, enter }: Connection): Records {
  const put = ({ collection, key, value, expiresAt, ifVersion }: RecordPut): PutOutcome => {
    const into = store.collection(collection);
    const current = into.records.get(key);
    if (ifVersion !== undefined && ifVersion !== (current?.version ?? 0)) return { stored: false, current };
    const version = store.nextNumber();
    if (current === undefined) into.sortedKeys = undefined;
    into.records.set(key, { collection, key, value, version, expiresAt }, expiresAt);
    return { stored: true, version };
  };

  return {
    lists: true,
    async put(records, call) {
      enter(call);
      return records.map(put);
    },
    async get(keys, call) {
      enter(call);
      return keys.map(({ collection, key }) => store.collection(collection).records.get(key));
    },
    async list(name, { after, limit, signal }) {
      enter({ signal });
      const collection = store.collection(name);
      const keys = (collection.sortedKeys ??= [...collection.records.keys()].toSorted());
      const found = [];
      for (let at = after === undefined ? 0 : firstAfter(keys, after); at < keys.length; at++) {
        if (found.length >= limit) break;
        const record = collection.records.get(keys[at] as string);
        if (record !== undefined) found.push(record);
      }
      return found;
    },
  };
}

/** The index of the first of `keys`, which are in order, that is greater than `after`. */
function firstAfter(keys: readonly string[], after: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
