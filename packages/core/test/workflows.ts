import fc from "fast-check";
import { createCreator } from "../src/tasks.ts";
import { chain, chord, group } from "../src/workflow.ts";
import type { Workflow } from "../src/workflow.ts";

const task = createCreator("task");

/** Workflows of any shape, of at most some 100 calls. */
export function workflows(): fc.Arbitrary<Workflow> {
  const { node } = fc.letrec<{ node: Workflow; group: Workflow }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant(task() as unknown as Workflow),
      fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((links) => chain(...(links as never[])) as Workflow),
      tie("group"),
      fc.tuple(tie("group"), tie("node")).map(([members, callback]) => chord(members as never, callback as never)),
    ),
    group: fc.array(tie("node"), { maxLength: 3 }).map((members) => group(...members) as unknown as Workflow),
  }));
  return node;
}
