import { type Broker, type BrokerFacts, type Message, PublishError, WfeError } from "@wfe/core";
import { connect } from "./connection.ts";
import { session } from "./session.ts";
import type { ConnectOptions } from "./store.ts";

export interface MemoryBrokerOptions extends ConnectOptions {
  /** The longest body, in UTF-8 bytes. Default: 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
}

export interface MemoryBroker extends Broker {
  /**
   * For tests: what a server does with a client that it takes for dead. All that is in hand goes to others, as
   * redeliveries, and its signals abort; the consumers go on.
   */
  loseLeases(): void;
}

/** One connection to a store's queues. Closing it gives back what its consumers hold, as redeliveries. */
export function memoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const { store, enter, close } = connect("memory broker", options);
  const { consume, loseLeases, end } = session();
  const facts = factsFor(options.maxMessageBytes ?? 64 * 2 ** 20);

  return {
    name: "memory",
    facts,
    async publish(messages, call) {
      enter(call);
      const failures = new Map<number, Error>();
      messages.forEach((message, index) => {
        const error = refusal(message, facts.maxMessageBytes);
        if (error === undefined) store.queue(message.queue).publish(message);
        else failures.set(index, error);
      });
      if (failures.size > 0) throw new PublishError(failures, messages.length);
    },
    consume: (consumption) => ({
      [Symbol.asyncIterator]() {
        enter();
        return consume(store.queue(consumption.queue), consumption);
      },
    }),
    async inspect(queue, inspection) {
      enter(inspection);
      return store.queue(queue).inspect(inspection?.limit ?? 0);
    },
    deadLetterQueue: (queue) => `${queue}.dead`,
    loseLeases: () => loseLeases("this delivery was given to somebody else"),
    async [Symbol.asyncDispose]() {
      if (close()) end();
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
    peeks: true,
  };
}

function refusal({ id, body }: Message, maxBytes: number): Error | undefined {
  // A UTF-16 unit is at most three bytes, so most bodies need not be counted.
  if (body.length * 3 <= maxBytes) return undefined;
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxBytes) return undefined;
  return new WfeError(
    "WFE_TOO_LARGE",
    `message ${id} has ${bytes} bytes; this broker carries at most ${maxBytes}`,
  );
}
