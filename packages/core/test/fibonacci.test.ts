import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fibonacciStep, nextFibonacci } from "../src/fibonacci.ts";

const LADDER = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];

describe("nextFibonacci", () => {
  it.each([
    [0, 1],
    [1, 2],
    [3, 5],
    [4, 5],
    [5, 8],
    [8, 13],
    [10, 13],
    [-1, 1],
    [4.5, 5],
  ])("after %d comes %d (TestFibonacciNext)", (n, next) => {
    expect(nextFibonacci(n)).toBe(next);
  });

  it("climbs machinery's ladder of delays from 0 (TestFibonacci)", () => {
    let delay = 0;
    expect(LADDER.map(() => (delay = nextFibonacci(delay)))).toEqual(LADDER);
  });

  it("is greater than what came before, and nothing lies between", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), (n) => {
        const next = nextFibonacci(n);
        expect(next).toBeGreaterThan(n);
        expect(nextFibonacci(next - 1)).toBe(next);
      }),
    );
  });

  it.each([2 ** 53, Number.MAX_SAFE_INTEGER, Infinity])("stays an exact number after %d", (n) => {
    expect(nextFibonacci(n)).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe("fibonacciStep", () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [7, 4],
    [8, 5],
    [12, 5],
    [13, 6],
    [-1, 0],
  ])("a delay of %d s comes after %d retries", (timeoutS, step) => {
    expect(fibonacciStep(timeoutS)).toBe(step);
  });

  it("counts the steps of nextFibonacci", () => {
    let delay = 0;
    for (let step = 0; step < 70; step++, delay = nextFibonacci(delay))
      expect(fibonacciStep(delay)).toBe(step);
  });

  it("ends for every number", () => {
    expect(fibonacciStep(Infinity)).toBe(fibonacciStep(Number.MAX_SAFE_INTEGER));
  });
});
