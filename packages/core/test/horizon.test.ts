import { describe, expect, it } from "vitest";
import { lastStart } from "../src/horizon.ts";
import { createCreator } from "../src/tasks.ts";
import { chain, chord, group } from "../src/workflow.ts";
import type { Workflow } from "../src/workflow.ts";

const task = createCreator("task");

function late(delayMs: number): never {
  return task().set({ delayMs }) as never;
}

describe("when the last call can start", () => {
  it.each([
    ["at once", task(), 100],
    ["a delay counts from the step before", chain(late(5), task() as never, late(7)), 112],
    ["a moment does not add up", chain(late(5), task().set({ notBefore: 200 }) as never, late(7)), 207],
    ["a past moment means nothing", task().set({ notBefore: 50 }), 100],
    ["of members the slowest counts", chord(group(late(5), late(9)), late(1)), 110],
    ["a callback may be late", task().set({ onSuccess: [late(3)] }), 103],
    ["an empty group takes no time", group(), 100],
  ])("%s", (_, node, at) => expect(lastStart(node as unknown as Workflow, 100)).toBe(at));
});
