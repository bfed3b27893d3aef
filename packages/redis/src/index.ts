/**
 * Broker, backend and lock on Redis 6.2 or later, or Valkey, through ioredis.
 *
 * @module
 */
export { redisBackend } from "./backend.ts";
export type { RedisBackendOptions } from "./backend.ts";
export { redisBroker } from "./broker.ts";
export type { RedisBrokerOptions } from "./broker.ts";
export type { ClientFactory, ClientTemplate, RedisConnectOptions, Role } from "./client.ts";
export { redisLock } from "./lock.ts";
export type { RedisLockOptions } from "./lock.ts";
