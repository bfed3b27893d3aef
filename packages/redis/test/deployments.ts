import { Cluster, Redis, type RedisOptions } from "ioredis";
import { describe, it } from "vitest";
import { redis } from "../../../tooling/services/redis.ts";
import type { ClientFactory } from "../src/index.ts";

/** One way to run Redis, as the tests reach it. */
export interface Deployment {
  readonly name: string;
  /** Opens a connection as an application would. */
  connect(overrides?: RedisOptions): Redis | Cluster;
}

const skipped = describe.skip;

/** Registers tests for each deployment that this machine has. Without one they are skipped by name; on CI that fails. */
export function forEach(
  deployments: Readonly<Record<string, () => Deployment>>,
  register: (name: string, deployment: Deployment) => void,
): void {
  for (const [name, open] of Object.entries(deployments)) {
    let deployment: Deployment;
    try {
      deployment = open();
    } catch (error) {
      if (process.env["CI"]) throw error;
      skipped(`NOT RUN, ${(error as Error).message}: ${name}`, () => {
        it("needs that server", () => undefined);
      });
      continue;
    }
    register(name, deployment);
  }
}

/** Tests that start servers of their own: skipped where Redis is not installed, except on CI. */
export const describeWithRedis: typeof skipped = redis.find() || process.env["CI"] ? describe : skipped;

function variable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is not set (node tooling/services up redis redisCluster redisSentinel)`);
}

/** "127.0.0.1:7000,…" */
function addresses(text: string): { host: string; port: number }[] {
  return text.split(",").map((one) => {
    const [host = "", port] = one.split(":");
    return { host, port: Number(port) };
  });
}

/** The types of ioredis hang on the shape of replies. */
export type LegacyOptions = RedisOptions & { readonly replyMapping?: "legacy" };

export function single(url: string = variable("WFE_TEST_REDIS_URL")): Deployment {
  return { name: "single server", connect: (overrides = {}) => new Redis(url, overrides as LegacyOptions) };
}

export function cluster(nodes: string = variable("WFE_TEST_REDIS_CLUSTER")): Deployment {
  return {
    name: "cluster",
    connect: (overrides = {}) =>
      new Cluster(addresses(nodes), {
        lazyConnect: true,
        keyPrefix: "",
        ...(overrides.lazyConnect && {
          retryDelayOnFailover: 0,
          clusterRetryStrategy: (times) => Math.min(20 * times, 500),
        }),
        redisOptions: overrides.socketTimeout ? { socketTimeout: overrides.socketTimeout } : {},
      }),
  };
}

export function sentinel(
  nodes: string = variable("WFE_TEST_REDIS_SENTINELS"),
  name: string = variable("WFE_TEST_REDIS_SENTINEL_NAME"),
): Deployment {
  return {
    name: "sentinel",
    connect: (overrides = {}) =>
      new Redis({ ...overrides, sentinels: addresses(nodes), name } as LegacyOptions),
  };
}

/** The connections of one adapter, so that a test can cut or kill them. */
export interface Wires {
  readonly client: ClientFactory;
  readonly open: ReadonlySet<Redis | Cluster>;
  /** As if a cable were pulled: the sockets break once. */
  cut(): void;
  /** As if the process were gone: the sockets break, and none opens again. */
  kill(): void;
}

export function wires(deployment: Deployment): Wires {
  const open = new Set<Redis | Cluster>();
  let dead = false;
  const bury = (client: Redis | Cluster): void => {
    client.connect = () => Promise.reject(new Error("this process is dead"));
    client.disconnect();
  };
  return {
    client: (overrides) => {
      const client = deployment.connect(overrides);
      open.add(client);
      client.on("error", () => undefined);
      client.once("end", () => (dead ? undefined : open.delete(client)));
      if (dead) bury(client);
      return client;
    },
    open,
    cut() {
      for (const client of open) for (const one of sockets(client)) one.stream?.destroy();
    },
    kill() {
      dead = true;
      for (const client of open) bury(client);
    },
  };
}

function sockets(client: Redis | Cluster): Redis[] {
  return client instanceof Cluster ? client.nodes() : [client];
}

/** Removes all keys that begin with `prefix`. */
export async function removeKeys(deployment: Deployment, prefix: string): Promise<void> {
  await withAdmin(deployment, async (nodes) => {
    for (const node of nodes) {
      const keys = await keysOf(node, prefix);
      await Promise.all(keys.map((key) => node.del(key)));
    }
  });
}

async function keysOf(node: Redis, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = "0"; ;) {
    const [next, keys] = await node.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 1_000);
    found.push(...keys);
    cursor = next;
    if (cursor === "0") return found;
  }
}

/** Lets every lease of the consumers under this prefix end now. */
export async function endLeases(deployment: Deployment, prefix: string): Promise<void> {
  await withAdmin(deployment, async (nodes) => {
    for (const node of nodes) {
      for (const key of (await keysOf(node, prefix)).filter((one) => one.endsWith(":consumers"))) {
        for (const id of await node.zrange(key, "0", "-1")) await node.zadd(key, 0, id);
      }
    }
  });
}

export async function withAdmin<T>(
  deployment: Deployment,
  use: (masters: Redis[]) => Promise<T>,
): Promise<T> {
  const client = deployment.connect();
  try {
    if (!(client instanceof Cluster)) return await use([client]);
    await client.connect();
    return await use(client.nodes("master"));
  } finally {
    client.disconnect();
  }
}
