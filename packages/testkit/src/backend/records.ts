import { expect } from "vitest";
import type { RecordPut, Records, StoredRecord } from "@wfe/core";
import { eventually, rejection } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import { type BackendTest, HOUR_MS, inBatches, only } from "./context.ts";

/** A case that works on one fresh collection, where the backend has records. */
function recordsCase(
  title: string,
  run: (records: Records, collection: string, test: BackendTest) => Promise<void>,
): Case<BackendTest> {
  return {
    title: `records: ${title}`,
    needs: ({ backend }) => (backend.records ? undefined : "this backend has no records"),
    async run(test) {
      if (test.backend.records) await run(test.backend.records, uniqueName("collection"), test);
    },
  };
}

function draft(collection: string, key: string, fields: Partial<RecordPut> = {}): RecordPut {
  return { collection, key, value: `value of ${key}`, expiresAt: Date.now() + HOUR_MS, ...fields };
}

/** Puts one record that must be stored; its version. */
async function put(records: Records, record: RecordPut): Promise<number> {
  const outcome = only(await records.put([record]));
  if (!outcome.stored) throw new Error(`not stored; there is ${JSON.stringify(outcome.current)}`);
  return outcome.version;
}

async function get(records: Records, collection: string, key: string): Promise<StoredRecord | undefined> {
  return only(await records.get([{ collection, key }]));
}

const VALUES = ["", "text", '{"a":[1]}', "a\u0000b \u2028 <>& 👩‍👩‍👧‍👦", "x".repeat(100_000)];

export const recordCases: readonly Case<BackendTest>[] = [
  recordsCase(
    "what was put is got, unchanged, from every connection",
    async (records, collection, { another }) => {
      const other = (await another()).records;
      for (const [i, value] of VALUES.entries()) {
        const key = `key ${i} /.$:ü`;
        const version = await put(records, draft(collection, key, { value }));
        expect(version).toBeGreaterThan(0);
        for (const from of [records, other]) {
          expect(from && (await get(from, collection, key))).toMatchObject({
            collection,
            key,
            value,
            version,
          });
        }
      }
    },
  ),
  recordsCase(
    "every put changes the version, and without ifVersion always overwrites",
    async (records, collection) => {
      const versions = new Set<number>();
      for (const value of ["a", "b", "b"])
        versions.add(await put(records, draft(collection, "key", { value })));
      expect(versions.size).toBe(3);
      expect(await get(records, collection, "key")).toMatchObject({
        value: "b",
        version: [...versions].at(-1),
      });
    },
  ),
  recordsCase("ifVersion 0 puts only where there is none", async (records, collection) => {
    const version = await put(records, draft(collection, "key", { value: "first", ifVersion: 0 }));
    const second = only(await records.put([draft(collection, "key", { value: "second", ifVersion: 0 })]));
    expect(second).toMatchObject({ stored: false, current: { key: "key", value: "first", version } });
  }),
  recordsCase("ifVersion n puts only over that version", async (records, collection) => {
    const nothing = only(await records.put([draft(collection, "key", { ifVersion: 7 })]));
    expect(nothing).toEqual({ stored: false, current: undefined });
    const first = await put(records, draft(collection, "key", { value: "1" }));
    const second = await put(records, draft(collection, "key", { value: "2", ifVersion: first }));
    const stale = only(await records.put([draft(collection, "key", { value: "3", ifVersion: first })]));
    expect(stale).toMatchObject({ stored: false, current: { value: "2", version: second } });
    await put(records, draft(collection, "key", { value: "3", ifVersion: second }));
    expect((await get(records, collection, "key"))?.value).toBe("3");
  }),
  {
    title: "records: of racing compare-and-sets exactly one wins",
    needs({ backend, facts }) {
      if (!backend.records) return "this backend has no records";
      return facts.guarded ? undefined : "facts.guarded is false";
    },
    async run({ backend, another }) {
      const collection = uniqueName("collection");
      const [mine, other = mine] = [backend, await another()].flatMap(({ records }) => records ?? []);
      if (!mine || !other) return;
      let version = 0;
      for (let round = 0; round < 20; round++) {
        const racers = Array.from({ length: 10 }, (_, i) =>
          draft(collection, "key", { value: `${round}/${i}`, ifVersion: version }),
        );
        const outcomes = await Promise.all(racers.map((one, i) => (i % 2 ? other : mine).put([one])));
        const winners = racers.filter((_, i) => outcomes[i]?.[0]?.stored);
        expect(winners).toHaveLength(1);
        const current = await get(mine, collection, "key");
        expect(current?.value).toBe(winners[0]?.value);
        version = current?.version ?? 0;
      }
    },
  },
  recordsCase(
    "batches are answered in order, per item, and applied in order",
    async (records, collection, { facts }) => {
      await put(records, draft(collection, "b", { value: "old" }));
      const puts = [
        draft(collection, "a"),
        draft(collection, "b", { ifVersion: 0 }),
        draft(collection, "c", { value: "1", ifVersion: 0 }),
        draft(collection, "c", { value: "2" }),
      ];
      const outcomes = await inBatches(facts, puts, (some) => records.put(some));
      expect(outcomes.map((one) => one.stored)).toEqual([true, false, true, true]);
      const keys = ["c", "missing", "a", "b"].map((key) => ({ collection, key }));
      const got = await inBatches(facts, keys, (some) => records.get(some));
      expect(got.map((one) => one?.value)).toEqual(["2", undefined, "value of a", "old"]);
    },
  ),
  recordsCase("a key in two collections is two records", async (records, collection) => {
    const other = `${collection}-other`;
    await put(records, draft(collection, "key", { value: "one" }));
    await put(records, draft(other, "key", { value: "other" }));
    expect((await get(records, collection, "key"))?.value).toBe("one");
    expect((await get(records, other, "key"))?.value).toBe("other");
  }),
  recordsCase("a record is gone once it expires, and its key is free", async (records, collection, test) => {
    const expiresAt = test.soon();
    await put(records, draft(collection, "key", { expiresAt }));
    await put(records, draft(collection, "kept", { expiresAt }));
    await put(records, draft(collection, "kept"));
    expect((await get(records, collection, "key"))?.key).toBe("key");
    const gone = async (): Promise<void> => expect(await get(records, collection, "key")).toBeUndefined();
    await eventually(gone, { timeoutMs: test.expiryTimeoutMs });
    expect(Date.now(), "never early").toBeGreaterThanOrEqual(expiresAt);
    if (records.lists)
      expect((await records.list(collection, { limit: 9 })).map((one) => one.key)).toEqual(["kept"]);
    expect((await get(records, collection, "kept"))?.key).toBe("kept");
    await put(records, draft(collection, "key", { ifVersion: 0 }));
  }),
  {
    title: "records: list gives the keys in order, page by page, or rejects with WFE_UNSUPPORTED",
    needs: ({ backend }) => (backend.records ? undefined : "this backend has no records"),
    async run({ backend, facts }) {
      const { records } = backend;
      const collection = uniqueName("collection");
      if (!records?.lists) {
        await rejection(records?.list(collection, { limit: 1 }) ?? Promise.resolve(), "WFE_UNSUPPORTED");
        return;
      }
      const keys = Array.from({ length: 25 }, (_, i) => `key ${String(i).padStart(2, "0")}`);
      const drafts = keys.toReversed().map((key) => draft(collection, key));
      await inBatches(facts, drafts, (some) => records.put(some));
      await put(records, draft(`${collection}-other`, "key 00a"));
      const page = async (after?: string): Promise<string[]> =>
        (await records.list(collection, after === undefined ? { limit: 10 } : { limit: 10, after })).map(
          (one) => one.key,
        );
      expect(await page()).toEqual(keys.slice(0, 10));
      expect(await page(keys[9])).toEqual(keys.slice(10, 20));
      expect(await page(keys[19])).toEqual(keys.slice(20));
      expect(await page(keys[24])).toEqual([]);
      expect(await records.list(collection, { limit: 1, after: "key 03x" })).toMatchObject([
        { collection, key: "key 04", value: "value of key 04", version: expect.any(Number) },
      ]);
      expect(await records.list(uniqueName("empty"), { limit: 5 })).toEqual([]);
    },
  },
];
