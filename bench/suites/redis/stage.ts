import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Figures, HowToRun, Run } from "../../suite.ts";
import { start, type Started } from "./processes.ts";
import { systems, type System, type SystemName } from "./systems.ts";

/** What a workload measures with: one system on an empty server. */
export interface Stage {
  readonly how: HowToRun;
  readonly system: System;
  readonly redis: Redis;
  /** Where tasks are counted. */
  readonly counts: Redis;
  /** Starts its worker and resolves when that says that it is ready. */
  worker(concurrency?: number): Promise<Started>;
  /** Runs one command of its program; resolves to the milliseconds it answers. */
  call(command: string, ...numbers: readonly number[]): Promise<readonly number[]>;
  /** Sends at least n tasks, the fastest way it has; resolves to how many it sent. */
  fill(n: number): Promise<number>;
  /** Resolves when none of `total` tasks is left. */
  ended(total: number): Promise<void>;
}

const READY_LIMIT_MS = 30_000;
const CALL_LIMIT_MS = 180_000;
const COUNTS = 9;

/** A workload's run for one system: `W1` to `W8`, as far as it has settings of its own. */
export function on(name: SystemName, workload: string, measure: (stage: Stage) => Promise<Figures>): Run {
  return async (how) => {
    const url = process.env.REDIS_URL ?? "";
    const [redis, counts] = [new Redis(url), new Redis(url, { db: COUNTS })];
    await redis.flushall();
    const system: System = systems[name];
    const env = (how.quick && system.quickEnv?.[workload]) || system.env?.[workload] || {};
    return measure(stageOf({ how, system, redis, counts, env }));
  };
}

type Parts = Pick<Stage, "how" | "system" | "redis" | "counts"> & { readonly env: Record<string, string> };

function stageOf({ env, ...parts }: Parts): Stage {
  const { how, system, redis } = parts;
  const program = (args: readonly (string | number)[], profile: boolean): Started =>
    start({
      program: system.command.program,
      args: [...system.command.args, ...args.map(String)],
      env: { ...env, ...(profile && how.profile && { PROFILE: how.profile }) },
    });
  const stage: Stage = {
    ...parts,
    async worker(concurrency = system.concurrency ?? 100) {
      const worker = program(["worker", concurrency], true);
      await worker.line((line) => line === "ready", READY_LIMIT_MS);
      return worker;
    },
    async call(command, ...numbers) {
      await using running = program([command, ...numbers], ["bulk", "each"].includes(command));
      const line = await running.line((text) => text.startsWith("["), CALL_LIMIT_MS);
      await running.stop();
      return JSON.parse(line) as readonly number[];
    },
    async fill(n) {
      const { bulk = 0, each = 0 } = system.sends;
      const tenths = Math.ceil(n / 11); // one of them to warm up
      await stage.call(bulk >= each ? "bulk" : "each", 10 * tenths, 2);
      return 11 * tenths;
    },
    ended: (total) => until(async () => (await system.left(redis, total)) <= 0, CALL_LIMIT_MS),
  };
  return stage;
}

/** Asks again and again. Rejects after `limitMs`. */
export async function until(check: () => Promise<boolean>, limitMs: number, everyMs = 10): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms`);
    await sleep(everyMs);
  }
}

/** So many that they take about `seconds`; a quick run takes a quarter. */
export function enough(perSecond: number, seconds: number, { quick }: HowToRun): number {
  return 100 * Math.ceil((perSecond * seconds) / (quick ? 400 : 100));
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}
