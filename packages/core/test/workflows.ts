import { type Arbitrary, array, constant, letrec, oneof, tuple } from "fast-check";
import { createCreator } from "../src/tasks.ts";
import { chain, chord, group } from "../src/workflow.ts";
import type { Workflow } from "../src/workflow.ts";

const task = createCreator("task");

/** Workflows of any shape, of at most some 100 calls. */
export function workflows(): Arbitrary<Workflow> {
  const { node } = letrec<{ node: Workflow; group: Workflow }>((tie) => ({
    node: oneof(
      { depthSize: "small", withCrossShrink: true },
      constant(task() as unknown as Workflow),
      array(tie("node"), { minLength: 1, maxLength: 3 }).map(
        (links) => chain(...(links as never[])) as Workflow,
      ),
      tie("group"),
      tuple(tie("group"), tie("node")).map(([members, callback]) =>
        chord(members as never, callback as never),
      ),
    ),
    group: array(tie("node"), { maxLength: 3 }).map((members) => group(...members) as unknown as Workflow),
  }));
  return node;
}
