import { expect } from "vitest";
import type { TaskState, TaskStatus } from "@wfe/core";
import type { Case } from "../suite.ts";
import { type BackendTest, inBatches, standingOf, timeless, wasStored } from "./context.ts";

type Place = Pick<TaskState, "status" | "attempt" | "start" | "beat">;

const STATUSES: readonly TaskStatus[] = [
  "PENDING",
  "RECEIVED",
  "STARTED",
  "RETRY",
  "SUCCESS",
  "FAILURE",
  "REVOKED",
];
const FINAL = new Set<TaskStatus>(["SUCCESS", "FAILURE", "REVOKED"]);

/** Every status in two attempts and two starts, STARTED with two beats. */
const PLACES: readonly Place[] = [0, 1].flatMap((attempt) =>
  [0, 1].flatMap((start) =>
    STATUSES.flatMap((status) =>
      (status === "STARTED" ? [0, 1] : [0]).map((beat) => ({ status, attempt, start, beat })),
    ),
  ),
);

/** The rule in other words than core's: a final state stands; REVOKED wins; else the greater tuple wins. */
function wins(next: Place, standing: Place): boolean {
  if (FINAL.has(standing.status)) return false;
  if (next.status === "REVOKED") return true;
  const rank = ({ status }: Place): number => (FINAL.has(status) ? 4 : STATUSES.indexOf(status));
  const tuple = (place: Place): number[] => [place.attempt ?? 0, place.start ?? 0, rank(place), place.beat];
  const [left, right] = [tuple(next), tuple(standing)];
  const at = left.findIndex((part, i) => part !== right[i]);
  return at >= 0 && (left[at] ?? 0) > (right[at] ?? 0);
}

function told({ status, attempt, start, beat }: Place): string {
  return `${status}(${attempt},${start},${beat})`;
}

interface Pair {
  readonly standing: TaskState;
  readonly next: TaskState;
  readonly wins: boolean;
}

/** Every place over every place, each pair under an id of its own. */
function pairsOf({ state }: BackendTest): Pair[] {
  return PLACES.flatMap((standing) =>
    PLACES.map((next) => {
      const first = state({ ...standing, run: "first" });
      return {
        standing: first,
        next: state({ ...next, id: first.id, run: "next" }),
        wins: wins(next, standing),
      };
    }),
  );
}

async function expectLoaded({ backend, facts }: BackendTest, pairs: readonly Pair[]): Promise<void> {
  const loaded = await inBatches(facts, pairs, (some) =>
    backend.loadStates(some.map((pair) => pair.next.id)),
  );
  const found = pairs.map((pair, i) => `${told(pair.next)} over ${told(pair.standing)}: ${loaded[i]?.run}`);
  const wanted = pairs.map(
    (pair) => `${told(pair.next)} over ${told(pair.standing)}: ${pair.wins ? "next" : "first"}`,
  );
  expect(found).toEqual(wanted);
}

function expectOutcomes(outcomes: readonly Parameters<typeof wasStored>[0][], pairs: readonly Pair[]): void {
  for (const [i, pair] of pairs.entries()) {
    const title = `${told(pair.next)} over ${told(pair.standing)}`;
    expect(wasStored(outcomes[i]), title).toBe(pair.wins);
    if (!pair.wins) expect(timeless(standingOf(outcomes[i])), title).toEqual(timeless(pair.standing));
  }
}

export const orderCases: readonly Case<BackendTest>[] = [
  {
    title: `the order of states holds over all ${PLACES.length ** 2} pairs (D-70)`,
    async run(test) {
      const { backend, facts } = test;
      const pairs = pairsOf(test);
      const first = await inBatches(facts, pairs, (some) =>
        backend.saveStates(some.map((pair) => pair.standing)),
      );
      expect(first.every(wasStored)).toBe(true);
      const outcomes = await inBatches(facts, pairs, (some) =>
        backend.saveStates(some.map((pair) => pair.next)),
      );
      expectOutcomes(outcomes, pairs);
      await expectLoaded(test, pairs);
    },
  },
  {
    title: "the same id twice in one batch is applied in order",
    needs: ({ facts }) => (facts.maxBatch < 2 ? "facts.maxBatch is 1" : undefined),
    async run(test) {
      const { backend, facts } = test;
      const pairs = pairsOf(test);
      const both = pairs.map(({ standing, next }) => [standing, next]);
      const size = Math.max(1, Math.floor(Math.min(facts.maxBatch, 500) / 2));
      const outcomes = [];
      for (let from = 0; from < both.length; from += size) {
        outcomes.push(...(await backend.saveStates(both.slice(from, from + size).flat())));
      }
      expect(outcomes.filter((_, i) => i % 2 === 0).every(wasStored)).toBe(true);
      expectOutcomes(
        outcomes.filter((_, i) => i % 2 === 1),
        pairs,
      );
      await expectLoaded(test, pairs);
    },
  },
  {
    title: "the longest life of a call is stored step by step",
    async run({ state, save, load }) {
      const { id } = state();
      const life: Place[] = [
        { status: "PENDING", attempt: 0, start: 0, beat: 0 },
        { status: "RECEIVED", attempt: 0, start: 1, beat: 0 },
        { status: "STARTED", attempt: 0, start: 1, beat: 0 },
        { status: "STARTED", attempt: 0, start: 1, beat: 1 },
        { status: "STARTED", attempt: 0, start: 1, beat: 12 },
        { status: "STARTED", attempt: 0, start: 2, beat: 0 },
        { status: "RETRY", attempt: 0, start: 2, beat: 0 },
        { status: "PENDING", attempt: 1, start: 0, beat: 0 },
        { status: "STARTED", attempt: 1, start: 1, beat: 0 },
        { status: "RETRY", attempt: 1, start: 1, beat: 0 },
        { status: "STARTED", attempt: 10, start: 1, beat: 0 },
        { status: "SUCCESS", attempt: 10, start: 1, beat: 0 },
      ];
      for (const place of life) {
        expect(wasStored(await save(state({ ...place, id }))), told(place)).toBe(true);
        expect(await load(id)).toMatchObject(place);
      }
      for (const place of life)
        expect(wasStored(await save(state({ ...place, id }))), told(place)).toBe(false);
    },
  },
  {
    title: "a run that lost its lease is fenced: its later saves are refused and tell who stands",
    async run({ state, save, load, another }) {
      const { id } = state();
      const other = await another();
      const at = (start: number, run: string, status: TaskStatus, beat = 0): TaskState =>
        state({ id, attempt: 0, start, run, status, beat });
      expect(wasStored(await save(at(1, "first run", "STARTED")))).toBe(true);
      expect(wasStored(await save(at(2, "second run", "STARTED"), other))).toBe(true);
      for (const late of [
        at(1, "first run", "STARTED", 7),
        at(1, "first run", "RETRY"),
        at(1, "first run", "SUCCESS"),
      ]) {
        expect(standingOf(await save(late)).run).toBe("second run");
      }
      expect(wasStored(await save(at(2, "second run", "SUCCESS"), other))).toBe(true);
      expect((await load(id))?.run).toBe("second run");
    },
  },
  {
    title: "a save whose answer was lost is repeated and finds its own run",
    async run({ state, save, another }) {
      const other = await another();
      for (const status of ["STARTED", "RETRY", "SUCCESS"] as const) {
        const one = state({
          status,
          start: 1,
          run: `run of ${status}`,
          results: [{ type: "int64", value: 7 }],
        });
        expect(wasStored(await save(one))).toBe(true);
        expect(timeless(standingOf(await save(one)))).toEqual(timeless(one));
        expect(timeless(standingOf(await save(one, other)))).toEqual(timeless(one));
      }
    },
  },
];
