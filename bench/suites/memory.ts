import type { Suite } from "../suite.ts";
import { raw } from "./memory/raw.ts";
import { allAtOnce, oneByOne } from "./memory/task.ts";

export const suite: Suite = {
  name: "memory",
  about: "send → worker → result on the memory adapter, all in one process, concurrency 100",
  workloads: [
    {
      name: "task",
      unit: "µs",
      better: "lower",
      note: "per task, at most 200 in flight; raw: JSON there and back, two states in a Map, four awaits",
      systems: { ours: oneByOne, raw },
    },
    {
      name: "task.burst",
      unit: "µs",
      better: "lower",
      note: "all sent, then all awaited",
      systems: { ours: allAtOnce },
    },
  ],
};
