import { expect } from "vitest";
import type { TaskState, TypedValue } from "@wfe/core";
import type { Case } from "../suite.ts";
import { type BackendTest, standingOf, timeless } from "./context.ts";

const MAX_INT64 = 2n ** 63n - 1n;

/** What each of machinery's types must bring back, in the form in which core hands it to a backend. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  bool: [true, false],
  int: [0, -7, Number.MAX_SAFE_INTEGER, MAX_INT64],
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [2, Number.MIN_SAFE_INTEGER, -MAX_INT64 - 1n, MAX_INT64, 185_135_722_552_891_243n],
  uint: [0, 2n ** 64n - 1n],
  uint8: [0, 255],
  uint16: [65_535],
  uint32: [2 ** 32 - 1],
  uint64: [1, 2n ** 64n - 1n, 2n ** 53n],
  float32: [1.5, -0.25],
  float64: [88.5, 200, 0.1, 5e-324, 1.797e308, -1e21, 2 ** 53],
  string: ["", "text", "[1]", '{"a":1}', "null", "123", "a\u0000b \u2028 <>& 👩‍👩‍👧‍👦", "2026-01-01T00:00:00Z"],
};

const SLICES: readonly TypedValue[] = [
  ...Object.entries(VALUES)
    .filter(([type]) => type !== "uint8")
    .flatMap(([type, values]) => [
      { type: `[]${type}`, value: values },
      { type: `[]${type}`, value: [] },
    ]),
  { type: "[]uint8", value: btoa("\u0000\u0001\u00fe\u00ff bytes") },
  { type: "[]uint8", value: "" },
];

const JSON_VALUES: readonly TypedValue[] = [
  null,
  [],
  {},
  [null, [1, [2.5, "x"]], { deep: { er: [true] } }],
  { "key with . and $": 1, $set: 2, "": 3, __proto__x: 4, ключ: "значение", "🔑": "\u2028" },
].map((value) => ({ type: "json", value }));

const BIGINTS: readonly TypedValue[] = [
  { type: "int64", value: 5, as: "bigint" },
  { type: "int64", value: MAX_INT64, as: "bigint" },
  { type: "uint64", value: 2n ** 64n - 1n, as: "bigint" },
  { type: "[]int64", value: [1, 2, MAX_INT64], as: "bigint" },
];

/** Saves the state and expects to load the same, from another connection too. */
async function roundTrip({ save, load, another, facts }: BackendTest, state: TaskState): Promise<void> {
  expect(await save(state)).toEqual({ stored: true });
  for (const from of facts.repeatableRead ? [undefined, await another()] : [undefined]) {
    const loaded = await load(state.id, from);
    expect(Math.abs((loaded?.expiresAt ?? 0) - state.expiresAt)).toBeLessThanOrEqual(facts.expiryStepMs);
    expect(timeless(loaded)).toEqual(timeless(state));
  }
}

function resultsCase(title: string, results: readonly TypedValue[]): Case<BackendTest> {
  return {
    title,
    run: (test) => roundTrip(test, test.state({ status: "SUCCESS", start: 1, run: "run", results })),
  };
}

export const valueCases: readonly Case<BackendTest>[] = [
  ...Object.entries(VALUES).map(([type, values]) =>
    resultsCase(
      `keeps results of type ${type} (D-75, D-76)`,
      values.map((value) => ({ type, value })),
    ),
  ),
  resultsCase("keeps results that are slices of every type, empty ones too (D-76)", SLICES),
  resultsCase("keeps results of type json", JSON_VALUES),
  resultsCase("keeps which results were bigint", BIGINTS),
  resultsCase("keeps no results as none", []),
  resultsCase(
    "keeps 1,000 results in order",
    Array.from({ length: 1_000 }, (_, value) => ({ type: "int64", value })),
  ),
  {
    title: "keeps every field of every status",
    async run(test) {
      const fields: Partial<TaskState> = {
        name: "ns.task-name/ü",
        attempt: 3,
        start: 2,
        beat: 41,
        run: "run-token:ß",
        createdAt: 1_600_000_000_123,
      };
      const error = 'boom: "quoted", <b>&amp;</b>, a\u0000b, \u2028, 👩‍👩‍👧‍👦\n    at line 2';
      const info = {
        progress: 0.5,
        worker: "w-1",
        times: [1, 2],
        nested: { a: null, "k.$": "\u2028", empty: "" },
      };
      for (const status of ["PENDING", "RECEIVED", "STARTED"] as const) {
        await roundTrip(test, test.state({ ...fields, status, info }));
      }
      for (const status of ["RETRY", "FAILURE", "REVOKED"] as const) {
        await roundTrip(test, test.state({ ...fields, status, error }));
      }
      await roundTrip(test, test.state({ ...fields, status: "SUCCESS", info: {} }));
    },
  },
  {
    title: "tells all fields of what stands when it refuses",
    async run({ state, save, another }) {
      const standing = state({
        status: "SUCCESS",
        start: 1,
        run: "run",
        results: [{ type: "int64", value: MAX_INT64 }, ...BIGINTS],
        info: { worker: "w" },
      });
      await save(standing);
      const outcome = await save(state({ id: standing.id, status: "FAILURE", start: 9 }), await another());
      expect(timeless(standingOf(outcome))).toEqual(timeless(standing));
    },
  },
  {
    title:
      "a later state replaces the earlier one as a whole, and createdAt stays what it was given as (D-77, D-95)",
    async run({ state, save, load }) {
      const createdAt = Date.now() - 86_400_000;
      const retry = state({
        status: "RETRY",
        start: 1,
        run: "a",
        error: "first",
        info: { progress: 1 },
        createdAt,
      });
      await save(retry);
      const success = state({ id: retry.id, status: "SUCCESS", attempt: 1, start: 1, run: "b", createdAt });
      await save(success);
      expect(timeless(await load(retry.id))).toEqual(timeless(success));
    },
  },
  {
    title: "ids of any text are ids of their own",
    async run({ state, save, load }) {
      const { id } = state();
      const endings = [".x", ":x", "/x", "_x", " x", "-X", "-x", ".$x", "ü-🚀", "y".repeat(200)];
      const ids = [`task_${id}`, ...endings.map((ending) => id + ending)];
      for (const one of ids) await save(state({ id: one, name: one }));
      for (const one of ids) expect((await load(one))?.name).toBe(one);
    },
  },
];
