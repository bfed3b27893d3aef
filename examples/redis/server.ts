import { Server } from "@wfe/core";
import { redisBackend, redisBroker } from "@wfe/redis";

const url = process.env["WFE_REDIS_URL"] ?? "redis://127.0.0.1:6379";

/** What worker and sender agree on: the Redis and the queue. Rejects if that Redis does not answer. */
export async function openServer(): Promise<Server> {
  const logger = { debug() {}, info() {}, warn: tell, error: tell };
  // What a killed worker had in hand is run again 5 s after its last sign of life.
  const broker = redisBroker({ url, logger, visibilityTimeoutMs: 5_000 });
  const server = new Server({ defaultQueue: "words" }, broker, redisBackend({ url }));
  try {
    await server.inspect("words");
    return server;
  } catch (error) {
    await server.close();
    throw new Error("no answer from Redis; start one, or name yours in WFE_REDIS_URL", { cause: error });
  }
}

function tell(_fields: object, message: string): void {
  console.error(message);
}

/** One line for a person, and exit code 1. */
export function fail(program: string, error: unknown): void {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  console.error(`${program}: ${message}${cause instanceof Error ? ` (${cause.message})` : ""}`);
  process.exitCode = 1;
}
