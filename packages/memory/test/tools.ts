import type { Broker, ConsumeOptions, Delivery, Message, TaskState } from "@wfe/core";

export function message(body: string, more: Partial<Message> = {}): Message {
  return { id: body, queue: "q", body, ...more };
}

/** What a loop over a queue took, and how to end it. */
export interface Hand {
  readonly taken: Delivery[];
  readonly bodies: () => string[];
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

/** Takes whatever comes and keeps it; `each` is not waited for, as in a worker. */
export function take(
  broker: Broker,
  options: Partial<ConsumeOptions> = {},
  each: (delivery: Delivery) => void | Promise<void> = () => {},
): Hand {
  const stopping = new AbortController();
  const taken: Delivery[] = [];
  const run = async (): Promise<void> => {
    const consumed = broker.consume({ queue: "q", prefetch: 1_000, signal: stopping.signal, ...options });
    for await (const delivery of consumed) {
      taken.push(delivery);
      void each(delivery);
    }
  };
  return {
    taken,
    bodies: () => taken.map((delivery) => delivery.body),
    stop: () => stopping.abort(),
    ended: run(),
  };
}

/** Long enough for everything in memory that waits for nothing but promises. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

export function state(id: string, more: Partial<TaskState> = {}): TaskState {
  return {
    id,
    name: "add",
    status: "SUCCESS",
    attempt: 0,
    start: 1,
    beat: 0,
    run: "run",
    results: [],
    error: "",
    createdAt: 0,
    expiresAt: Infinity,
    ...more,
  };
}
