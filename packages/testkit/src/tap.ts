import type { Broker, Delivery } from "@wfe/core";
import { within } from "./eventually.ts";

export interface TapOptions {
  /** Default 10. */
  readonly prefetch?: number | undefined;
  /** What to do with each delivery as it comes. Default: hold it. */
  readonly each?: ((delivery: Delivery) => Promise<void>) | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
  /** Default: a signal of its own. `stop` works only on that. */
  readonly signal?: AbortSignal | undefined;
  /** How long `take` and `stop` wait. Default 5,000. */
  readonly timeoutMs?: number | undefined;
}

/** A consumer whose deliveries a test takes in hand, in order of arrival. */
export interface Tap {
  /** All that came so far. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when the consumer has ended; rejects with what it threw. */
  readonly ended: Promise<void>;
  /** The next `n` that nobody has taken yet. */
  take(n: number, timeoutMs?: number): Promise<Delivery[]>;
  /** Aborts the consumer and waits for its end and for every `each`. */
  stop(): Promise<void>;
}

export function tap(broker: Broker, queue: string, options: TapOptions = {}): Tap {
  const { prefetch = 10, each, onError, timeoutMs = 5_000 } = options;
  const stopping = new AbortController();
  const signal = options.signal ?? stopping.signal;
  const deliveries: Delivery[] = [];
  const work: Promise<void>[] = [];
  const changed = new Set<() => void>();
  let taken = 0;
  let isOver = false;
  const notify = (): void => changed.forEach((check) => check());

  const run = async (): Promise<void> => {
    try {
      for await (const delivery of broker.consume({ queue, prefetch, signal, onError })) {
        deliveries.push(delivery);
        if (each) work.push(quietly(each(delivery)));
        notify();
      }
    } finally {
      isOver = true;
      notify();
    }
  };
  const ended = quietly(run());

  const take = async (n: number, ms: number = timeoutMs): Promise<Delivery[]> => {
    const enough = new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isOver && deliveries.length < taken + n) return;
        changed.delete(check);
        resolve();
      };
      changed.add(check);
      check();
    });
    await within(enough, ms, `taking ${n} deliveries`).catch((error: Error) => {
      error.message += `; ${deliveries.length - taken} came`;
      throw error;
    });
    if (deliveries.length < taken + n) {
      await ended;
      throw new Error(`consume ended with ${deliveries.length - taken} of ${n} deliveries handed out`);
    }
    taken += n;
    return deliveries.slice(taken - n, taken);
  };

  const stop = async (): Promise<void> => {
    stopping.abort();
    await within(ended, timeoutMs, "the end of consume after its signal aborted");
    await within(Promise.all(work), timeoutMs, "settling the deliveries in hand");
  };

  return { deliveries, ended, take, stop };
}

/** The same promise; its rejection is no unhandled one until somebody awaits it. */
function quietly(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}

export interface CollectOptions {
  /** Default: `n`, at most 100. */
  readonly prefetch?: number | undefined;
  /** Default: "ack". "hold" leaves them unsettled. */
  readonly settle?: "ack" | "hold" | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Consumes exactly `n` deliveries, then stops: what was fetched beyond them goes back. Rejects after `timeoutMs`. */
export async function collect(
  broker: Broker,
  queue: string,
  n: number,
  options: CollectOptions = {},
): Promise<Delivery[]> {
  const { prefetch = Math.max(1, Math.min(n, 100)), settle = "ack", timeoutMs = 5_000 } = options;
  const stopping = new AbortController();
  const deliveries: Delivery[] = [];
  const acks: Promise<void>[] = [];
  const run = async (): Promise<void> => {
    if (n === 0) return;
    for await (const delivery of broker.consume({ queue, prefetch, signal: stopping.signal })) {
      deliveries.push(delivery);
      if (settle === "ack") acks.push(quietly(delivery.ack()));
      if (deliveries.length >= n) stopping.abort();
      if (deliveries.length > n)
        throw new Error("a delivery was handed out after the consumer's signal aborted");
    }
    if (deliveries.length < n) throw new Error(`consume ended after ${deliveries.length} of ${n} deliveries`);
    await Promise.all(acks);
  };
  try {
    await within(quietly(run()), timeoutMs, `collecting ${n} deliveries`);
  } catch (error) {
    if (error instanceof Error) error.message += `; ${deliveries.length} came`;
    throw error;
  } finally {
    stopping.abort();
  }
  return deliveries;
}
