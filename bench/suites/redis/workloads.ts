// What is measured, W1 to W8: each function does it with one system.
import { setTimeout as sleep } from "node:timers/promises";
import type { Figures } from "../../suite.ts";
import { enough, percentile, until, type Stage } from "./stage.ts";

/** With so many calls at a time. */
export function enqueueBulk(calls: number) {
  return async ({ how, system, call }: Stage): Promise<Figures> => {
    const n = enough(system.sends.bulk ?? 0, 2, how);
    const [ms = NaN] = await call("bulk", n, calls);
    return { [calls === 1 ? "W1.bulk" : `W1.bulk${calls}`]: (n * 1000) / ms };
  };
}

export async function enqueueEach({ how, system, call }: Stage): Promise<Figures> {
  const n = enough(system.sends.each ?? 0, 2, how);
  const [ms = NaN] = await call("each", n);
  return { "W1.50": (n * 1000) / ms };
}

/** Counted from a fifth of the tasks on, when all is warm, until none is left. */
export async function process({ how, system, redis, fill, worker }: Stage): Promise<Figures> {
  const total = await fill(enough(system.does, 4, how));
  await using running = await worker();
  const sample = async () => ({
    left: await system.left(redis, total),
    at: performance.now(),
    cpuMs: running.cpuMs(),
    serverMs: serverMsIn(await redis.info("cpu")),
  });
  const leftIs = async (most: number) => {
    let seen = await sample();
    await until(async () => (seen = await sample()).left <= most, 120_000);
    return seen;
  };
  const from = await leftIs(total * 0.8);
  const to = await leftIs(0);
  await running.stop();
  const done = from.left - to.left;
  return {
    W2: (done * 1000) / (to.at - from.at),
    "W2.cpu": ((to.cpuMs - from.cpuMs) * 1000) / done,
    "W2.server": ((to.serverMs - from.serverMs) * 1000) / done,
  };
}

export async function roundTrip(stage: Stage): Promise<Figures> {
  await using running = await stage.worker();
  await sleep(500);
  const figures = await threeTrips(stage);
  await running.stop();
  return figures;
}

/** Without a worker: commands only. */
export async function threeTrips({ how, call }: Stage): Promise<Figures> {
  const times = await call("trips", how.quick ? 300 : 1000);
  return { "W3.p50": percentile(times, 50), "W3.p99": percentile(times, 99) };
}

/** µs per member of a chord of each size, in one life of a worker. */
export function chords(...sizes: readonly number[]) {
  return async ({ call, worker }: Stage): Promise<Figures> => {
    const figures: Record<string, number> = {};
    await using running = await worker();
    await sleep(500);
    for (const size of sizes) {
      const times = await call("chords", size, Math.max(1, Math.min(20, 2000 / size)));
      figures[`W4.${size}`] = (percentile(times, 50) * 1000) / size;
    }
    await running.stop();
    return figures;
  };
}

const REMEMBERED = 10_000;

export async function memory({ redis, fill, worker, ended }: Stage): Promise<Figures> {
  const empty = await usedBytes();
  const total = await fill(REMEMBERED);
  await sleep(200);
  const waiting = (await usedBytes()) - empty;
  const running = await worker();
  await ended(total);
  await sleep(1000);
  const rss = running.rss();
  await running.stop();
  await sleep(200);
  const finished = (await usedBytes()) - empty;
  return {
    "W5.rss": rss / 2 ** 20,
    "W5.waiting": waiting / total,
    "W5.finished": finished / total,
  };

  async function usedBytes(): Promise<number> {
    return numberIn(await redis.info("memory"), "used_memory");
  }
}

const SLEEPERS = 2000;
const SLEEP_MS = 50;

/** A worker is killed when a third has ended; another one takes over. */
export async function crash({ system, counts, call, worker }: Stage): Promise<Figures> {
  const { concurrency, limitMs = 0 } = system.crash ?? {};
  await call("naps", SLEEPERS, SLEEP_MS);
  const first = await worker(concurrency);
  await until(async () => (await counts.hlen("done")) >= SLEEPERS / 3, 60_000, 2);
  await first.kill();
  const killedAt = performance.now();
  let lastAt = killedAt;
  await using second = await worker(concurrency);
  let done = await counts.hlen("done");
  while (done < SLEEPERS && performance.now() - killedAt < limitMs) {
    await sleep(20);
    const now = await counts.hlen("done");
    if (now > done) [done, lastAt] = [now, performance.now()];
  }
  await sleep(500); // what runs a second time may still be about to
  await second.stop();
  const starts = Object.values(await counts.hgetall("started")).map(Number);
  return {
    "W6.lost": SLEEPERS - done,
    "W6.twice": starts.filter((times) => times > 1).length,
    "W6.s": (lastAt - killedAt) / 1000,
  };
}

const DELAYED = 2000;

export async function lateness({ system, counts, call, worker }: Stage): Promise<Figures> {
  const { leadMs = 2000 } = system;
  await using running = await worker();
  await sleep(500);
  await call("late", DELAYED, leadMs);
  await until(async () => (await counts.llen("late")) >= DELAYED, leadMs + 30_000);
  const late = (await counts.lrange("late", 0, -1)).map((ms) => Math.abs(Number(ms)));
  await running.stop();
  return { "W7.p50": percentile(late, 50), "W7.p99": percentile(late, 99) };
}

export async function idle({ how, redis, worker }: Stage): Promise<Figures> {
  await using running = await worker();
  await sleep(how.quick ? 500 : 3000); // what happens once, at the start, is over
  const before = { at: performance.now(), cpuMs: running.cpuMs(), commands: await commands() };
  await sleep(how.quick ? 5000 : 10_000);
  const seconds = (performance.now() - before.at) / 1000;
  const counted = (await commands()) - before.commands - 1; // the question itself
  const cpuMs = running.cpuMs() - before.cpuMs;
  await running.stop();
  return { "W8.commands": counted / seconds, "W8.cpu": cpuMs / seconds / 10 };

  async function commands(): Promise<number> {
    return numberIn(await redis.info("stats"), "total_commands_processed");
  }
}

function serverMsIn(info: string): number {
  return 1000 * (numberIn(info, "used_cpu_user") + numberIn(info, "used_cpu_sys"));
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1]);
}
