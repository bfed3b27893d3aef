import * as fc from "fast-check";
import { expect, test } from "vitest";
import { heap } from "../src/heap.ts";

test("a heap gives back what a sorted list does, whatever the order of pushes and pops", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: -20, max: 20 }) },
    fc.constant("pop" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const tested = heap<number>((a, b) => a < b);
      const model: number[] = [];
      for (const each of steps) {
        const popped =
          each === "pop" ? [tested.pop(), model.shift()] : [tested.push(each), void model.push(each)];
        model.sort((a, b) => a - b);
        expect(popped[0]).toBe(popped[1]);
        expect(tested.size).toBe(model.length);
        expect(tested.peek()).toBe(model[0]);
      }
    }),
  );
});
