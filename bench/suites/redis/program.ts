/**
 * One system of the benchmark as a program, which is started in a process group of its own with these commands:
 *
 *     worker <concurrency>    runs tasks; prints "ready" before, and ends when its standard input does
 *     bulk <n> <calls>        sends n tasks add(i, 1), 1,000 with one call, so many calls at a time; a tenth before to warm up
 *     each <n>                the same with one call per task, 50 at a time
 *     trips <n>               sends n tasks, each when the result of the one before is there
 *     chords <size> <times>   a chord of so many members, so many times
 *     naps <n> <ms>           sends n tasks that sleep
 *     late <n> <ms>           sends n tasks that are due within one second, which begins in so many ms
 *
 * The last line of all but `worker` is an array of milliseconds: one for each thing that was timed. `REDIS_URL` names
 * the server; tasks that must be counted are counted in its database 9. The peers in other languages do the same.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { profiled } from "../../profile.ts";

/** What one system can do. */
export interface Program {
  worker(concurrency: number): Promise<unknown>;
  /** Sends the tasks from `from` on, with one call. */
  bulk(from: number, count: number): Promise<unknown>;
  each?(index: number): Promise<unknown>;
  trip(index: number): Promise<unknown>;
  /** Resolves to the sum of the members' results. */
  chord?(size: number): Promise<number>;
  nap?(index: number, ms: number): Promise<unknown>;
  late?(dueAt: number): Promise<unknown>;
}

export const url: string = process.env.REDIS_URL ?? "";

const LANES = 50;
const BULK = 1000;
const COUNTS = 9;

/** Does what the command line says, then ends the process. */
export async function runProgram(program: Program): Promise<void> {
  const [command = "", ...rest] = process.argv.slice(2);
  const [n = 0, m = 0] = rest.map(Number);
  if (command === "worker") return work(program, n);
  const run = runs[command];
  if (!run) throw new Error(`no command ${command}`);
  console.log(JSON.stringify(await run(program, n, m)));
  process.exit();
}

async function work(program: Program, concurrency: number): Promise<void> {
  const ended = new Promise((resolve) => process.stdin.resume().once("end", resolve));
  const { PROFILE } = process.env;
  const run = async (): Promise<void> => {
    await program.worker(concurrency);
    console.log("ready");
    await ended;
  };
  await (PROFILE ? profiled(PROFILE, run) : run());
  process.exit();
}

type Command = (program: Program, n: number, m: number) => Promise<readonly number[]>;

const runs: Readonly<Record<string, Command>> = {
  async bulk({ bulk }, n, lanes) {
    const calls = (count: number) =>
      inLanes(count / BULK, (call) => bulk(call * BULK, Math.min(BULK, count - call * BULK)), lanes);
    await calls(n / 10);
    return [await watched(() => calls(n))];
  },
  async each({ each }, n) {
    const one = able(each);
    await inLanes(n / 10, one);
    return [await watched(() => inLanes(n, one))];
  },
  async trips({ trip }, n) {
    const times: number[] = [];
    for (let index = 0; index < n + 50; index += 1) times.push(await timed(() => trip(index)));
    return times.slice(50);
  },
  async chords({ chord }, size, count) {
    const one = async (members: number): Promise<void> => {
      const sum = await able(chord)(members);
      if (sum !== (members * (members + 1)) / 2) throw new Error(`the sum is wrong: ${sum}`);
    };
    await one(100);
    const times: number[] = [];
    for (let left = count; left > 0; left -= 1) times.push(await timed(() => one(size)));
    return times;
  },
  async naps({ nap }, n, ms) {
    await inLanes(n, (index) => able(nap)(index, ms));
    return [];
  },
  async late({ late }, n, inMs) {
    const first = now() + inMs;
    await inLanes(n, (index) => able(late)(first + (index * 1000) / n));
    return [];
  },
};

/** The tasks that are counted, for all programs. */
export const counted = {
  async nap(index: number, ms: number): Promise<number> {
    await counts().hincrby("started", String(index), 1);
    await sleep(ms);
    await counts().hincrby("done", String(index), 1);
    return index;
  },
  async late(dueAt: number): Promise<number> {
    const lateMs = now() - dueAt;
    await counts().rpush("late", lateMs);
    return lateMs;
  },
};

let opened: Redis | undefined;
function counts(): Redis {
  return (opened ??= new Redis(url, { db: COUNTS }));
}

/** Milliseconds since 1970, with fractions. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function inLanes(
  n: number,
  one: (index: number) => Promise<unknown>,
  lanes: number = LANES,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < n) await one(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function watched(body: () => Promise<unknown>): Promise<number> {
  const { PROFILE } = process.env;
  return PROFILE ? profiled(PROFILE, () => timed(body)) : timed(body);
}

async function timed(body: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await body();
  return performance.now() - startedAt;
}

function able<T>(what: T | undefined): T {
  if (what === undefined) throw new Error(`this system has no ${process.argv[2]}`);
  return what;
}
