import { expect } from "vitest";
import type { SaveOutcome, TaskState } from "@wfe/core";
import type { Case } from "../suite.ts";
import { type BackendTest, standingOf, wasStored } from "./context.ts";

const ROUNDS = 20;
const RACERS = 10;

/** Saves all states at once, each in a call of its own, from two connections. */
async function race({ backend, another }: BackendTest, states: readonly TaskState[]): Promise<SaveOutcome[]> {
  const other = await another();
  const calls = states.map((state, i) => (i % 2 ? other : backend).saveStates([state]));
  return (await Promise.all(calls)).flat();
}

function needsGuard({ facts }: BackendTest): string | undefined {
  return facts.guarded ? undefined : "facts.guarded is false";
}

export const raceCases: readonly Case<BackendTest>[] = [
  {
    title: "of racing claims exactly one wins, and the others learn who",
    needs: needsGuard,
    async run(test) {
      for (let round = 0; round < ROUNDS; round++) {
        const { id } = test.state();
        if (round % 2) await test.save(test.state({ id }));
        const claims = Array.from({ length: RACERS }, (_, i) =>
          test.state({ id, status: "STARTED", start: 1, run: `run ${i}` }),
        );
        const outcomes = await race(test, claims);
        const winners = claims.filter((_, i) => wasStored(outcomes[i]));
        expect(winners).toHaveLength(1);
        for (const outcome of outcomes)
          if (!outcome.stored) expect(standingOf(outcome).run).toBe(winners[0]?.run);
        expect((await test.load(id))?.run).toBe(winners[0]?.run);
      }
    },
  },
  {
    title: "of racing ends exactly one stands (D-70)",
    needs: needsGuard,
    async run(test) {
      for (let round = 0; round < ROUNDS; round++) {
        const { id } = test.state();
        await test.save(test.state({ id, status: "STARTED", start: 1, run: "0" }));
        const ends = (["SUCCESS", "FAILURE", "REVOKED"] as const).map((status) =>
          test.state({ id, status, start: 1, run: status, error: status === "SUCCESS" ? "" : "ended" }),
        );
        const outcomes = await race(test, ends);
        const winners = ends.filter((_, i) => wasStored(outcomes[i]));
        expect(winners).toHaveLength(1);
        expect((await test.load(id))?.run).toBe(winners[0]?.run);
      }
    },
  },
  {
    title: "racing saves of growing order end at the greatest",
    needs: needsGuard,
    async run(test) {
      for (let round = 0; round < ROUNDS; round++) {
        const { id } = test.state();
        const beats = Array.from({ length: RACERS }, (_, beat) =>
          test.state({ id, status: "STARTED", start: 1, run: "run", beat }),
        );
        const outcomes = await race(test, beats.toReversed());
        expect(wasStored(outcomes[0]), "the greatest always wins").toBe(true);
        expect((await test.load(id))?.beat).toBe(RACERS - 1);
      }
    },
  },
  {
    title: "racing saves without a guard still end at one that was told to have won",
    needs: ({ facts }) => (facts.guarded ? "facts.guarded is true" : undefined),
    async run(test) {
      const { id } = test.state();
      const claims = Array.from({ length: RACERS }, (_, i) =>
        test.state({ id, status: "STARTED", start: 1, run: `run ${i}` }),
      );
      const outcomes = await race(test, claims);
      const winners = claims.filter((_, i) => wasStored(outcomes[i])).map((claim) => claim.run);
      expect(winners).toContain((await test.load(id))?.run);
    },
  },
];
