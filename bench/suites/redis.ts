import { fileURLToPath } from "node:url";
import { sweep } from "../../tooling/services/lifecycle.ts";
import { startRedis } from "../../tooling/services/private.ts";
import { services } from "../../tooling/services/services.ts";
import { installPeers } from "../peers/install.ts";
import type { Figures, Run, Suite, Workload } from "../suite.ts";
import { on, type Stage } from "./redis/stage.ts";
import type { SystemName } from "./redis/systems.ts";
import {
  chords,
  crash,
  enqueueBulk,
  enqueueEach,
  idle,
  lateness,
  memory,
  process as processing,
  roundTrip,
  threeTrips,
} from "./redis/workloads.ts";

const rate = { unit: "tasks/s", better: "higher" } as const;
const ms = { unit: "ms", better: "lower" } as const;
const µs = { unit: "µs", better: "lower" } as const;
const bytes = { unit: "B", better: "lower" } as const;
const tasks = { unit: "tasks", better: "lower" } as const;

/** The figures of these peers hardly vary, or take minutes: they are measured once, or in fewer rounds. */
const slow = { celery: 2 };
const once = { machinery: 1, asynq: 1, celery: 1 };

const everyone = ["ours", "bullmq", "machinery", "asynq", "celery"] as const;

type Measure = (stage: Stage) => Promise<Figures>;

function measuredOn(names: readonly SystemName[], workload: string, measure: Measure): Record<string, Run> {
  return Object.fromEntries(names.map((name) => [name, on(name, workload, measure)]));
}

/** A figure that another workload's runs bring along. */
function also(from: string, name: string, what: Pick<Workload, "unit" | "better" | "note">): Workload {
  return { ...what, name, from, systems: {} };
}

export const suite: Suite = {
  name: "redis",
  about:
    "task add(a, b), result stored, one worker process, concurrency 100, on one Redis server of the run's own",
  quickSystems: ["ours", "bullmq", "raw"],
  profiled: "W2",
  async prepare(systems) {
    const leftOut = await installPeers(systems);
    await sweep(services); // of runs that were killed
    const server = await startRedis();
    process.env.REDIS_URL = server.url;
    // Programs in TypeScript then run as if they were built: without the compiler in their memory.
    process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../.peers/compiled", import.meta.url));
    return { leftOut, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
  workloads: [
    {
      ...rate,
      name: "W1.bulk",
      note: "enqueue by one producer, 1,000 with a call (machinery, celery: all; asynq has none), one call at a time",
      rounds: slow,
      systems: measuredOn(["ours", "bullmq", "machinery", "celery", "raw"], "W1", enqueueBulk(1)),
    },
    {
      ...rate,
      name: "W1.bulk2",
      note: "the same, two calls at a time",
      notQuick: true,
      systems: measuredOn(["ours", "bullmq", "raw"], "W1", enqueueBulk(2)),
    },
    {
      ...rate,
      name: "W1.50",
      note: "enqueue with one call per task, 50 at a time (celery: one at a time, which is faster for it)",
      rounds: slow,
      systems: measuredOn([...everyone, "raw"], "W1", enqueueEach),
    },
    {
      ...rate,
      name: "W2",
      note: "a worker finds the queue full; from the first fifth of the tasks to the last (celery: 2 processes)",
      rounds: slow,
      systems: measuredOn([...everyone, "raw"], "W2", processing),
    },
    also("W2", "W2.cpu", { ...µs, note: "CPU time of the worker process per task" }),
    also("W2", "W2.server", { ...µs, note: "CPU time of Redis per task" }),
    {
      ...ms,
      name: "W3.p50",
      note: "send → worker → result, one at a time; raw: three round trips; asynq looks every 1 ms instead of 1 s",
      rounds: slow,
      systems: {
        ...measuredOn(everyone, "W3", roundTrip),
        raw: on("raw", "W3", threeTrips),
      },
    },
    also("W3.p50", "W3.p99", ms),
    {
      ...µs,
      name: "W4.100",
      note: "chord of so many members, per member, until the callback's result is there (bullmq: a flow)",
      rounds: { machinery: 1, celery: 1 },
      systems: {
        ...measuredOn(["ours", "bullmq"], "W4", chords(100, 1000, 10_000)),
        ...measuredOn(["machinery", "celery"], "W4", chords(100, 1000)),
      },
    },
    also("W4.100", "W4.1000", µs),
    also("W4.100", "W4.10000", µs),
    {
      ...µs,
      name: "W4.100000",
      rounds: { bullmq: 1 },
      notQuick: true,
      systems: measuredOn(["ours", "bullmq"], "W4", chords(100_000)),
    },
    {
      name: "W5.rss",
      unit: "MiB",
      better: "lower",
      note: "of the worker after 10,000 tasks",
      rounds: once,
      systems: measuredOn([...everyone, "raw"], "W5", memory),
    },
    also("W5.rss", "W5.waiting", { ...bytes, note: "of Redis per waiting task" }),
    also("W5.rss", "W5.finished", { ...bytes, note: "of Redis per finished task, with its result" }),
    {
      ...tasks,
      name: "W6.lost",
      note: "of 2,000 sleeping 50 ms, worker killed after a third; lease 5 s (celery: late acks, 8 processes)",
      rounds: once,
      systems: measuredOn(everyone, "W6", crash),
    },
    also("W6.lost", "W6.twice", { ...tasks, note: "started a second time" }),
    also("W6.lost", "W6.s", { unit: "s", better: "lower", note: "from the kill to the last end" }),
    {
      ...ms,
      name: "W7.p50",
      note: "how far from its time a task starts, 2,000 due within a second (asynq also starts some too early)",
      rounds: once,
      systems: measuredOn(everyone, "W7", lateness),
    },
    also("W7.p50", "W7.p99", ms),
    {
      name: "W8.commands",
      unit: "1/s",
      better: "lower",
      note: "commands that Redis counts while one worker has nothing to do",
      rounds: once,
      systems: measuredOn(everyone, "W8", idle),
    },
    also("W8.commands", "W8.cpu", { unit: "%", better: "lower", note: "of a core, by that worker" }),
  ],
};
