import { fileURLToPath } from "node:url";
import type { Broker } from "@wfe/core";
import { redisBroker } from "@wfe/redis";
import type { Redis } from "ioredis";
import type { Command } from "./processes.ts";

/** Environment by workload. */
type Settings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One system: how its program is started, and what is particular about it. */
export interface System {
  readonly command: Command;
  /** Slots of its worker. Default 100. */
  readonly concurrency?: number;
  /** About how many tasks per second it is sent, and does: sizes the workloads. */
  readonly sends: { readonly bulk?: number; readonly each?: number };
  readonly does: number;
  /** How many of `total` sent tasks have not ended, asked of the server. */
  left(redis: Redis, total: number): Promise<number>;
  /** Its best settings for one workload, where its defaults are not. */
  readonly env?: Settings;
  readonly quickEnv?: Settings;
  /** W6: how many slots, and how long it may take to find what a killed worker had. */
  readonly crash?: { readonly concurrency?: number; readonly limitMs: number };
  /** W7: how long before the first task is due the sender begins. Default 2,000. */
  readonly leadMs?: number;
}

const bench = fileURLToPath(new URL("../../", import.meta.url));
const peers = `${bench}.peers/`;

function node(file: string): Command {
  return { program: process.execPath, args: ["--conditions=@wfe/source", "--no-warnings", bench + file] };
}

const leases = { env: { W6: { LEASE_MS: "5000" } }, quickEnv: { W6: { LEASE_MS: "2000" } } };

export const systems = {
  ours: {
    command: node("suites/redis/ours.ts"),
    sends: { bulk: 80_000, each: 50_000 },
    does: 40_000,
    async left() {
      const { waiting = 0, running = 0 } = await ourBroker().inspect("machinery_tasks");
      return waiting + running;
    },
    ...leases,
    crash: { limitMs: 60_000 },
  },
  bullmq: {
    command: node("peers/bullmq/main.ts"),
    sends: { bulk: 25_000, each: 30_000 },
    does: 12_000,
    left: async (redis, total) => total - (await redis.zcard("bull:bench:completed")),
    ...leases,
    crash: { limitMs: 60_000 },
  },
  machinery: {
    command: { program: `${peers}machinery`, args: [] },
    sends: { bulk: 12_000, each: 25_000 },
    does: 6_000,
    left: (redis) => redis.llen("machinery_tasks"),
    env: { W7: { MACHINERY_DELAYED_MS: "1" } },
    crash: { limitMs: 20_000 },
  },
  asynq: {
    command: { program: `${peers}asynq`, args: [] },
    sends: { each: 40_000 },
    does: 6_000,
    left: async (redis, total) => total - (await redis.zcard("asynq:{default}:completed")),
    env: { W3: { ASYNQ_CHECK_MS: "1" }, W7: { ASYNQ_DELAYED_MS: "100" } },
    crash: { limitMs: 150_000 },
  },
  celery: {
    command: { program: `${peers}celery/bin/python`, args: ["-W", "ignore", `${bench}peers/celery/main.py`] },
    concurrency: 2,
    sends: { bulk: 1_500, each: 1_500 },
    does: 700,
    left: async (redis, total) => total - (await keysOf(redis, 1)),
    env: { W6: { CELERY_ACKS_LATE: "1" } },
    crash: { concurrency: 8, limitMs: 150_000 },
    leadMs: 8_000,
  },
  raw: {
    command: node("suites/redis/raw.ts"),
    sends: { bulk: 120_000, each: 60_000 },
    does: 60_000,
    left: (redis) => redis.llen("raw"),
  },
} satisfies Readonly<Record<string, System>>;

export type SystemName = keyof typeof systems;

let opened: Broker | undefined;
function ourBroker(): Broker {
  return (opened ??= redisBroker({ url: process.env.REDIS_URL ?? "" }));
}

async function keysOf(redis: Redis, database: number): Promise<number> {
  const keyspace = await redis.info("keyspace");
  return Number(new RegExp(`^db${database}:keys=(\\d+)`, "m").exec(keyspace)?.[1] ?? 0);
}
