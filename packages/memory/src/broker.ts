import { type Broker, type BrokerFacts, type Message, PublishError, WfeError } from "@wfe/core";
import { connect } from "./connection.ts";
import { consumer, type Consumer } from "./consumer.ts";
import type { Entry, Queue } from "./queue.ts";
import type { ConnectOptions } from "./store.ts";

export interface MemoryBrokerOptions extends ConnectOptions {
  /** The longest body, in UTF-8 bytes. Default: 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
}

/** One connection to a store's queues. Closing it gives back what its consumers hold, as redeliveries. */
export function memoryBroker(options: MemoryBrokerOptions = {}): Broker {
  const connection = connect("memory broker", options);
  const { store } = connection;
  const facts = factsFor(options.maxMessageBytes ?? 64 * 2 ** 20);
  const consumers = new Set<Consumer>();
  const held = new Map<Entry, Queue>();
  const lease = new AbortController();

  return {
    name: "memory",
    facts,
    async publish(messages, call) {
      connection.enter(call);
      const failures = new Map<number, Error>();
      messages.forEach((message, index) => {
        const error = refusal(message, facts.maxMessageBytes);
        if (error === undefined) store.queue(message.queue).publish(message);
        else failures.set(index, error);
      });
      if (failures.size > 0) throw new PublishError(failures, messages.length);
    },
    consume: (consume) => ({
      [Symbol.asyncIterator]() {
        connection.enter();
        const session = { held, lease: lease.signal };
        const started = consumer(store.queue(consume.queue), consume, session, () => consumers.delete(started));
        consumers.add(started);
        return started.deliveries;
      },
    }),
    async inspect(queue, inspect) {
      connection.enter(inspect);
      return store.queue(queue).inspect(inspect?.limit ?? 0);
    },
    deadLetterQueue: (queue) => `${queue}.dead`,
    async [Symbol.asyncDispose]() {
      if (!connection.close()) return;
      for (const each of consumers) each.end();
      lease.abort(new WfeError("WFE_LEASE_LOST", "the broker was closed while this delivery was in hand"));
      for (const [entry, queue] of held) {
        entry.redelivered = true;
        queue.putBack(entry);
      }
      held.clear();
    },
  };
}

function factsFor(maxMessageBytes: number): BrokerFacts {
  return {
    maxDelayMs: Infinity,
    delayStepMs: 1,
    maxMessageBytes,
    maxBatch: Infinity,
    priorities: true,
    ordering: "fifo",
    tellsRedelivery: true,
    delayedRelease: true,
    inspects: ["waiting", "running", "delayed"],
  };
}

function refusal({ id, body }: Message, maxBytes: number): Error | undefined {
  // A UTF-16 unit is at most three bytes, so most bodies need not be counted.
  if (body.length * 3 <= maxBytes) return undefined;
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxBytes) return undefined;
  return new WfeError("WFE_TOO_LARGE", `message ${id} has ${bytes} bytes; this broker carries at most ${maxBytes}`);
}
