import { eventually, tap, type Tap } from "@wfe/testkit";
import type { Broker, Delivery, Message } from "@wfe/core";
import { expect } from "vitest";

/** Messages that are published while a test disturbs the server, and who has received them. */
export interface Load {
  readonly acked: ReadonlyMap<string, number>;
  readonly errors: readonly Error[];
  /** Publishes one message until it is accepted. */
  publish(body: string): Promise<void>;
  /** Resolves when each of these was acked. */
  done(bodies: readonly string[], timeoutMs?: number): Promise<void>;
  readonly taps: readonly Tap[];
}

export function message(queue: string, body: string, more: Partial<Message> = {}): Message {
  return { id: body, queue, body, ...more };
}

/** Consumers on all of these brokers, acking all that comes. */
export function consumeAll(
  brokers: readonly Broker[],
  publisher: Broker,
  queue: string,
  prefetch = 10,
): Load {
  const acked = new Map<string, number>();
  const errors: Error[] = [];
  const each = async (delivery: Delivery): Promise<void> => {
    await new Promise((resolve) => void setImmediate(resolve));
    try {
      await delivery.ack();
      acked.set(delivery.body, (acked.get(delivery.body) ?? 0) + 1);
    } catch {
      // it comes again
    }
  };
  const onError = (error: Error): void => void errors.push(error);
  const taps = brokers.map((broker) => tap(broker, queue, { prefetch, each, onError, timeoutMs: 15_000 }));
  return {
    acked,
    errors,
    taps,
    publish: (body) => eventually(() => publisher.publish([message(queue, body)]), { timeoutMs: 20_000 }),
    done: (bodies, timeoutMs = 20_000) =>
      eventually(() => expect(bodies.filter((body) => !acked.has(body))).toEqual([]), { timeoutMs }),
  };
}

export function bodies(count: number, name: string): string[] {
  return Array.from({ length: count }, (_, i) => `${name} ${i}`);
}
