import { expect } from "vitest";
import { codeOf } from "../eventually.ts";
import type { Case } from "../suite.ts";
import type { BackendTest } from "./context.ts";

/** A limit above this is not tried out: the test would measure memory. */
const LARGEST_TRIED_BYTES = 32 * 2 ** 20;

function needsLimit({ facts }: BackendTest): string | undefined {
  return facts.maxValueBytes > LARGEST_TRIED_BYTES
    ? "facts.maxValueBytes is too large to exceed in a test"
    : undefined;
}

export const batchCases: readonly Case<BackendTest>[] = [
  {
    title: "declares facts that make sense",
    async run({ backend, facts }) {
      expect(backend.name).not.toBe("");
      for (const fact of ["expiryStepMs", "maxValueBytes", "maxBatch"] as const) {
        expect(facts[fact], fact).toBeGreaterThanOrEqual(1);
      }
    },
  },
  {
    title: "batches of nothing are answered with nothing",
    async run({ backend }) {
      expect(await backend.saveStates([])).toEqual([]);
      expect(await backend.loadStates([])).toEqual([]);
      expect(await backend.settleMembers([])).toEqual([]);
      await backend.createGroups([]);
      await backend.expire([], Date.now());
      await backend.remove([]);
      if (backend.records) {
        expect(await backend.records.put([])).toEqual([]);
        expect(await backend.records.get([])).toEqual([]);
      }
    },
  },
  {
    title:
      "loadStates answers in the order asked, with the missing in their places and doubles doubled (D-79)",
    async run({ backend, facts, state }) {
      const states = ["a", "b", "c"].map((name) => state({ name }));
      const [a, b, c] = states.map((one) => one.id) as [string, string, string];
      for (const one of states) await backend.saveStates([one]);
      const missing = state().id;
      const asked = facts.repeatableRead ? [c, missing, a, c, b, missing, a] : [c, missing, a, b];
      const size = Math.min(facts.maxBatch, asked.length);
      const names: (string | undefined)[] = [];
      for (let from = 0; from < asked.length; from += size) {
        names.push(...(await backend.loadStates(asked.slice(from, from + size))).map((one) => one?.name));
      }
      const known: Record<string, string> = { [a]: "a", [b]: "b", [c]: "c" };
      expect(names).toEqual(asked.map((id) => known[id]));
    },
  },
  {
    title: "an unknown id is undefined, not an error",
    async run({ backend, state, load }) {
      expect(await load(state().id)).toBeUndefined();
      expect(await backend.loadGroup(state().id)).toBeUndefined();
    },
  },
  {
    title: "reading a state does not use it up",
    needs: ({ facts }) => (facts.repeatableRead ? undefined : "facts.repeatableRead is false"),
    async run({ state, save, load, another }) {
      const one = state();
      await save(one);
      const other = await another();
      for (const from of [undefined, other, undefined, other])
        expect((await load(one.id, from))?.id).toBe(one.id);
    },
  },
  {
    title: "a batch of maxBatch states is saved and loaded",
    async run({ backend, facts, state }) {
      const states = Array.from({ length: Math.min(facts.maxBatch, 1_000) }, (_, i) =>
        state({ name: `task ${i}` }),
      );
      const outcomes = await backend.saveStates(states);
      expect(outcomes).toEqual(states.map(() => ({ stored: true })));
      const loaded = await backend.loadStates(states.map((one) => one.id));
      expect(loaded.map((one) => one?.name)).toEqual(states.map((one) => one.name));
    },
  },
  {
    title: "answers per item: stored and refused ones mix in one batch",
    needs: ({ facts }) => (facts.maxBatch < 3 ? "facts.maxBatch is below 3" : undefined),
    async run({ backend, state, save }) {
      const final = state({ status: "SUCCESS", start: 1, run: "final" });
      await save(final);
      const outcomes = await backend.saveStates([
        state(),
        state({ id: final.id, status: "FAILURE", start: 1 }),
        state(),
      ]);
      expect(outcomes.map((one) => one.stored)).toEqual([true, false, true]);
      expect(outcomes[1]).toMatchObject({ state: { run: "final" } });
    },
  },
  {
    title: "an oversized state fails alone, with WFE_TOO_LARGE, and changes nothing",
    needs: (test) => (test.facts.maxBatch < 3 ? "facts.maxBatch is below 3" : needsLimit(test)),
    async run({ backend, facts, state, load }) {
      const info = { blob: "x".repeat(facts.maxValueBytes + 1) };
      const [before, large, after] = [state(), state({ info }), state()];
      const outcomes = await backend.saveStates([before, large, after]);
      expect(outcomes.map((one) => one.stored)).toEqual([true, false, true]);
      const refused = outcomes[1];
      expect(refused && "error" in refused ? codeOf(refused.error) : refused).toBe("WFE_TOO_LARGE");
      expect(await load(large.id)).toBeUndefined();
      expect((await load(after.id))?.id).toBe(after.id);
    },
  },
  {
    title: "a state somewhat below maxValueBytes is stored",
    needs: (test) =>
      test.facts.maxValueBytes < 8_192 ? "facts.maxValueBytes is below 8,192" : needsLimit(test),
    async run({ facts, state, save, load }) {
      const blob = "x".repeat(facts.maxValueBytes - 4_096);
      const one = state({ info: { blob } });
      expect(await save(one)).toEqual({ stored: true });
      expect((await load(one.id))?.info?.["blob"] === blob, "the value came back unchanged").toBe(true);
    },
  },
  {
    title: "concurrent calls get their own answers",
    async run({ backend, state }) {
      const states = Array.from({ length: 100 }, (_, i) => state({ name: `task ${i}` }));
      await Promise.all(states.map((one) => backend.saveStates([one])));
      const loaded = await Promise.all(states.map((one) => backend.loadStates([one.id])));
      expect(loaded.map((one) => one[0]?.name)).toEqual(states.map((one) => one.name));
    },
  },
];
