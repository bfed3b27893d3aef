import type { Backend, Broker } from "@wfe/core";

export interface Adapters {
  /** Carries messages. */
  readonly broker: Broker;
  /** Remembers what became of them. */
  readonly backend: Backend;
}

/** Both in this process, or on the Redis that WFE_REDIS_URL names. Only what is used is loaded. */
export async function adapters(): Promise<Adapters> {
  const url = process.env["WFE_REDIS_URL"];
  if (url !== undefined) {
    const { redisBackend, redisBroker } = await import("@wfe/redis");
    return { broker: redisBroker({ url }), backend: redisBackend({ url }) };
  }
  const { memoryBackend, memoryBroker, memoryStore } = await import("@wfe/memory");
  const store = memoryStore();
  return { broker: memoryBroker({ store }), backend: memoryBackend({ store }) };
}
