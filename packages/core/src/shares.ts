import type { WorkerOptions } from "./worker.ts";
import { WfeError } from "./errors.ts";

/** How much of the concurrency each queue gets: at least 1. */
export function shares(options: WorkerOptions, defaultQueue: string): ReadonlyMap<string, number> {
  const { concurrency = 10, queues = [defaultQueue] } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw invalid(`concurrency must be a whole number from 1, got ${concurrency}`);
  }
  const weights: [string, number][] = Array.isArray(queues)
    ? (queues as readonly string[]).map((queue) => [queue, 1])
    : Object.entries(queues as Readonly<Record<string, number>>);
  if (weights.length === 0) throw invalid("queues must name at least one queue");
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  for (const [queue, weight] of weights) {
    if (queue === "" || !(weight > 0))
      throw invalid(`queue ${JSON.stringify(queue)} has the weight ${weight}`);
  }
  if (weights.length > concurrency) {
    throw invalid(
      `concurrency ${concurrency} is less than its ${weights.length} queues: each needs at least 1`,
    );
  }
  return new Map(
    weights.map(([queue, weight]) => [queue, Math.max(1, Math.floor((concurrency * weight) / sum))]),
  );
}

export function invalid(text: string): WfeError {
  return new WfeError("WFE_INVALID_OPTION", `worker: ${text}`);
}
