import { existsSync } from "node:fs";
import { join } from "node:path";
import { memcached } from "./memcached.ts";
import { rabbitmq } from "./rabbitmq.ts";
import { redisCluster } from "./redis-cluster.ts";
import { redisSentinel } from "./redis-sentinel.ts";
import { redis } from "./redis.ts";
import type { Service } from "./service.ts";

/** Every service there is. A new one is added here. */
export const services: readonly Service[] = [redis, redisCluster, redisSentinel, rabbitmq, memcached];

/** Those that the tests of these packages need; by default, of the packages that exist. */
export function servicesFor(packages?: readonly string[]): readonly Service[] {
  const exists = (name: string) =>
    packages?.includes(name) ?? existsSync(join(import.meta.dirname, "../../packages", name));
  return services.filter(({ usedBy }) => usedBy.some(exists));
}

/** Rejects a name that means no service, and lists those that do. */
export function servicesNamed(names: readonly string[]): readonly Service[] {
  return names.map((name) => {
    const service = services.find((candidate) => candidate.name === name);
    if (service) return service;
    throw new Error(
      `there is no service "${name}"; there are ${services.map((known) => known.name).join(", ")}`,
    );
  });
}
