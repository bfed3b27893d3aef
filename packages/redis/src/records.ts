import type { CallOptions, PutOutcome, RecordKey, RecordPut, Records, StoredRecord } from "@wfe/core";
import { PUT } from "./recordScripts.ts";
import { ownBase } from "./keys.ts";
import type { Link } from "./link.ts";
import { ttlMs } from "./ttl.ts";

export interface RecordsOptions {
  readonly link: Link;
  readonly prefix: string;
  readonly call: <T>(work: () => Promise<T>, options: CallOptions | undefined) => Promise<T>;
}

/** How many keys one page of `list` reads ahead, of which some may have expired. */
const PAGE = 100;

/** Records as strings of their own that expire by themselves, and two sorted sets per collection that find them. */
export function redisRecords({ link, prefix, call }: RecordsOptions): Records {
  const base = (collection: string): string =>
    ownBase(prefix, `${prefix}records:${collection}`, link.isCluster);
  const index = (collection: string): string[] => [`${base(collection)}keys`, `${base(collection)}expiry`];
  const keyOf = ({ collection, key }: RecordKey): string => `${base(collection)}value:${key}`;

  const putSome = async (collection: string, puts: readonly RecordPut[]): Promise<PutOutcome[]> => {
    const args = puts.flatMap(({ key, value, expiresAt, ifVersion }) => {
      return [
        key,
        value,
        String(expiresAt),
        ttlMs(expiresAt),
        ifVersion === undefined ? "" : String(ifVersion),
      ];
    });
    const answers = await link.run(PUT, [...index(collection), ...puts.map(keyOf)], args);
    return (answers as [number, string | null][]).map(([stored, text], i) =>
      stored === 1
        ? { stored: true, version: Number(text) }
        : { stored: false, current: parse(text, puts[i] as RecordPut) },
    );
  };

  const read = async (keys: readonly RecordKey[]): Promise<(StoredRecord | undefined)[]> => {
    if (keys.length === 0) return [];
    const names = keys.map(keyOf);
    const found = link.isCluster
      ? await Promise.all(names.map((name) => link.command("get", [name])))
      : ((await link.command("mget", names)) as unknown[]);
    return found.map((text, i) => parse(text as string | null, keys[i] as RecordKey));
  };

  const list = async (
    collection: string,
    after: string | undefined,
    limit: number,
  ): Promise<StoredRecord[]> => {
    const records: StoredRecord[] = [];
    const [keys = ""] = index(collection);
    for (let from = after; records.length < limit;) {
      const range = [keys, from === undefined ? "-" : `(${from}`, "+", "LIMIT", 0, Math.max(PAGE, limit)];
      const page = (await link.command("zrangebylex", range)) as string[];
      const found = await read(page.map((key) => ({ collection, key })));
      for (const one of found) if (one && records.length < limit) records.push(one);
      if (page.length < Math.max(PAGE, limit)) break;
      from = page.at(-1);
    }
    return records;
  };

  return {
    lists: true,
    put: (puts, options) =>
      call(async () => {
        const outcomes: PutOutcome[] = [];
        const collections = Map.groupBy(puts.keys(), (i) => (puts[i] as RecordPut).collection);
        await Promise.all(
          [...collections].map(async ([collection, positions]) => {
            const some = await putSome(
              collection,
              positions.map((i) => puts[i] as RecordPut),
            );
            positions.forEach((position, i) => (outcomes[position] = some[i] as PutOutcome));
          }),
        );
        return outcomes;
      }, options),
    get: (keys, options) => call(() => read(keys), options),
    list: (collection, { after, limit, signal }) => call(() => list(collection, after, limit), { signal }),
  };
}

/** "version expiry value" */
function parse(text: string | null, { collection, key }: RecordKey): StoredRecord | undefined {
  if (text === null || text === undefined) return undefined;
  const first = text.indexOf(" ");
  const second = text.indexOf(" ", first + 1);
  return {
    collection,
    key,
    value: text.slice(second + 1),
    version: Number(text.slice(0, first)),
    expiresAt: Number(text.slice(first + 1, second)),
  };
}
