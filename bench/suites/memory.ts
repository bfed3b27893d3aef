import type { Suite, Workload } from "../suite.ts";
import { chordOf } from "./memory/chord.ts";
import { drainPause, drainTime, heapAfterExpiry, queuedHeap, queuedRss } from "./memory/memory.ts";
import { importTime, packedSize } from "./memory/package.ts";
import { raw } from "./memory/raw.ts";
import { steps } from "./memory/steps.ts";
import { allAtOnce, ofTheCpu, oneByOne, onTheWall } from "./memory/task.ts";

const µs = { unit: "µs", better: "lower" } as const;
const bytes = { unit: "B", better: "lower" } as const;

const stepNotes: Readonly<Record<string, string>> = {
  sign: "the steps alone, in batches of 100; task minus their sum is core's own: gathering, claiming, waiting",
};

export const suite: Suite = {
  name: "memory",
  about: "send → worker → result on the memory adapter, all in one process, concurrency 100",
  workloads: [
    {
      ...µs,
      name: "task",
      note: "per task, at most 200 in flight; raw: JSON there and back, two states in a Map, four awaits",
      systems: { ours: oneByOne(onTheWall), raw: raw(onTheWall) },
    },
    {
      ...µs,
      name: "task.cpu",
      note: "the same, in what the main thread computed: it does not count waiting for a busy machine",
      systems: { ours: oneByOne(ofTheCpu), raw: raw(ofTheCpu) },
    },
    { ...µs, name: "task.burst", note: "per task; all sent, then all awaited", systems: { ours: allAtOnce } },
    ...Object.entries(steps).map(([name, ours]): Workload => ({
      ...µs,
      name: `step.${name}`,
      systems: { ours },
      ...(stepNotes[name] && { note: stepNotes[name] }),
    })),
    { ...µs, name: "chord.100", note: "per member", systems: { ours: chordOf(100) } },
    { ...µs, name: "chord.1000", systems: { ours: chordOf(1000) } },
    { ...µs, name: "chord.10000", systems: { ours: chordOf(10_000) } },
    {
      ...bytes,
      name: "queued.heap",
      note: "per waiting task, message and state, of 100,000",
      systems: { ours: queuedHeap },
    },
    { ...bytes, name: "queued.rss", systems: { ours: queuedRss } },
    {
      ...µs,
      name: "queued.drain",
      note: "per task, until 100,000 waiting ones have ended",
      systems: { ours: drainTime },
    },
    {
      name: "queued.pause",
      unit: "ms",
      better: "lower",
      note: "the longest that timers and sockets of the process waited meanwhile",
      systems: { ours: drainPause },
    },
    {
      ...bytes,
      name: "heap",
      note: "retained per task once its result has expired",
      systems: { ours: heapAfterExpiry },
    },
    {
      name: "import",
      unit: "ms",
      better: "lower",
      note: "of the built @wfe/core",
      systems: { ours: importTime },
    },
    {
      name: "size",
      unit: "kB",
      better: "lower",
      once: true,
      note: "of the packed core",
      systems: { ours: packedSize },
    },
  ],
};
