import { describe, expect, it } from "vitest";
import type { FaultMode } from "@wfe/memory";
import { seededRandom } from "@wfe/testkit";
import { check, play } from "./crash-play.ts";
import { SHAPES } from "./crash-shapes.ts";

/**
 * Promise 3 of the design: a crash at any single call of a broker or backend, a lost answer or a failure of any, loses
 * nothing and leaves nothing waiting. Each shape is run once to learn its calls, then again for each of them.
 */
const FAULTS: readonly FaultMode[] = ["crashBefore", "crashAfter", "loseAnswer", "fail"];
const ROUNDS = 100;

describe.each(SHAPES)("$title", (shape) => {
  it("goes its way when nothing goes wrong", async () => {
    const calm = await play(shape);
    check(shape, calm, calm, 0);
  });

  it.each(FAULTS)("survives %s at every single call", { timeout: 60_000 }, async (mode) => {
    const calm = await play(shape);
    const broken: string[] = [];
    for (const { at, name, nth } of calm.calls) {
      await play(shape, [{ at, mode }])
        .then((played) => check(shape, played, calm, mode.startsWith("crash") ? 1 : 0))
        .catch((error: Error) =>
          broken.push(`call ${at} (${name}, its ${nth}.): ${error.message.split("\n")[0]}`),
        );
    }
    expect(broken).toEqual([]);
  });

  it(
    `survives ${ROUNDS} rounds of several faults and crashes at random calls`,
    { timeout: 60_000 },
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      const random = seededRandom(seed);
      const calm = await play(shape);
      const broken: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const plans = Array.from({ length: 1 + random.below(3) }, () =>
          Array.from({ length: 1 + random.below(3) }, () => ({
            at: 1 + random.below(calm.calls.length),
            mode: FAULTS[random.below(FAULTS.length)] as FaultMode,
          })),
        );
        await play(shape, ...plans)
          .then((played) => check(shape, played, calm, 2 * plans.flat().length)) // a copy sent again may die, too
          .catch((error: Error) => broken.push(`${JSON.stringify(plans)}: ${error.message.split("\n")[0]}`));
      }
      expect(broken, `seed ${seed}`).toEqual([]);
    },
  );
});
