import { assert, double, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { DELAY_STEP_MS, delayRoute, dueKey, LEVELS_MS, levelKeys, MAX_DELAY_MS } from "../src/delays.ts";

/** Walks a routing key through the exchanges as the server does; answers how long it is held. */
function heldMs(queue: string, delayMs: number): number {
  const route = delayRoute(queue, delayMs);
  if (!route) return 0;
  let total = 0;
  for (let { level } = route; level >= 0; level--) {
    const { stay, pass } = levelKeys(level);
    const [stays, passes] = [matches(stay, route.key), matches(pass, route.key)];
    expect(stays, "exactly one way out of each exchange").toBe(!passes);
    if (stays) total += LEVELS_MS[level] as number;
  }
  expect(matches(dueKey(queue), route.key)).toBe(true);
  return total;
}

/** A topic exchange, for patterns that end in "#". */
function matches(pattern: string, key: string): boolean {
  const words = key.split(".");
  const wanted = pattern.split(".").slice(0, -1);
  return wanted.length <= words.length && wanted.every((word, i) => word === "*" || word === words[i]);
}

describe("the route through the delay levels", () => {
  const queue = "machinery_tasks";

  it("holds any delay up to the longest, rounded down to a step", () => {
    assert(
      property(double({ min: 0, max: MAX_DELAY_MS, noNaN: true }), (delayMs) => {
        expect(heldMs(queue, delayMs)).toBe(Math.floor(delayMs / DELAY_STEP_MS) * DELAY_STEP_MS);
      }),
    );
  });

  it.each([0, 15.9, 16, 17, 2 ** 31, 2 ** 32 - 17, 2 ** 32 - 16, 2 ** 32, MAX_DELAY_MS - 16, MAX_DELAY_MS])(
    "%d ms",
    (ms) => {
      expect(heldMs(queue, ms)).toBe(Math.floor(ms / DELAY_STEP_MS) * DELAY_STEP_MS);
    },
  );

  it("keeps more than a year", () => expect(MAX_DELAY_MS).toBeGreaterThan(366 * 86_400_000));

  it("enters at the longest level that it needs, so short delays need few queues", () => {
    expect(delayRoute(queue, 1_000)).toEqual({ level: 5, key: "machinery_tasks.0.1.1.1.1.1" });
    expect(delayRoute(queue, -5)).toBeUndefined();
    expect(delayRoute(queue, Number.NaN)).toBeUndefined();
  });

  it.each(["with.dots", "star*hash#", "#", "*", "ü".repeat(127), "q".repeat(255), "100%"])(
    "makes one word of the queue's name %s, within 255 bytes",
    (name) => {
      const route = delayRoute(name, MAX_DELAY_MS);
      expect(Buffer.byteLength(route?.key ?? "")).toBeLessThanOrEqual(255);
      expect(heldMs(name, MAX_DELAY_MS)).toBe(MAX_DELAY_MS);
    },
  );

  it("gives different queues different words", () => {
    const names = ["a.b", "a%2eb", "a%b", "a*b", "q".repeat(200), `${"q".repeat(199)}r`];
    expect(new Set(names.map(dueKey)).size).toBe(names.length);
  });
});
