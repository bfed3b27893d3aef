import {
  type Broker,
  type CallOptions,
  type Delivery,
  type Message,
  PublishError,
  WfeError,
} from "@wfe/core";

interface Entry {
  readonly body: string;
  redelivered: boolean;
}

/** The "server": queues that outlive the brokers, which are connections to it. */
export class ArrayServer {
  readonly #queues = new Map<string, Entry[]>();
  #change = Promise.withResolvers<void>();

  queue(name: string): Entry[] {
    let entries = this.#queues.get(name);
    if (!entries) this.#queues.set(name, (entries = []));
    return entries;
  }
  get changed(): Promise<void> {
    return this.#change.promise;
  }
  change(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

const MAX_BYTES = 1_000_000;

export function arrayBroker(server: ArrayServer): Broker {
  const held = new Set<{ giveBack(): void }>();
  let closed = false;

  const enter = (options?: CallOptions): void => {
    if (closed) throw new WfeError("WFE_CLOSED", "this array broker was closed");
    if (options?.signal?.aborted) throw new WfeError("WFE_ABORTED", "the call was aborted");
  };
  const change = (): void => server.change();

  return {
    name: "array",
    facts: {
      maxDelayMs: 0, // no delays here: core holds what is early,
      delayStepMs: Infinity, // however early it is
      maxMessageBytes: MAX_BYTES,
      maxBatch: 100,
      priorities: false,
      ordering: "fifo",
      tellsRedelivery: true,
      delayedRelease: false,
      inspects: ["waiting"],
      peeks: true,
    },

    async publish(messages, options) {
      enter(options);
      const failures = new Map<number, Error>();
      for (const [index, message] of messages.entries()) {
        const refusal = refusalOf(message);
        if (refusal) failures.set(index, refusal);
        else server.queue(message.queue).push({ body: message.body, redelivered: false });
      }
      change();
      if (failures.size > 0) throw new PublishError(failures, messages.length); // the others are in
    },

    async *consume({ queue, prefetch, signal }) {
      enter();
      const entries = server.queue(queue);
      let unsettled = 0;

      const deliver = (entry: Entry): Delivery => {
        let settled = false;
        const settle = (how: () => void): void => {
          if (settled) return; // twice is a no-op
          enter(); // after close it is somebody else's
          settled = true;
          held.delete(inHand);
          unsettled -= 1;
          how();
          change();
        };
        const giveBack = (): void => {
          entry.redelivered = true;
          entries.unshift(entry);
        };
        const inHand = { giveBack };
        held.add(inHand);
        unsettled += 1;
        return {
          body: entry.body,
          redelivered: entry.redelivered,
          signal: new AbortController().signal, // never aborts: nobody takes a lease away here
          ack: async () => settle(() => {}),
          async release({ delayMs } = {}) {
            if (delayMs !== undefined) throw new WfeError("WFE_UNSUPPORTED", "array: no delayed release");
            settle(giveBack);
          },
        };
      };

      signal.addEventListener("abort", change);
      try {
        while (!signal.aborted && !closed) {
          const changed = server.changed;
          const entry = unsettled < prefetch ? entries.shift() : undefined;
          if (entry) yield deliver(entry);
          else await changed;
        }
      } finally {
        signal.removeEventListener("abort", change);
      }
    },

    async inspect(queue, { limit = 0, signal } = {}) {
      enter({ signal });
      const entries = server.queue(queue);
      const firstWaiting = entries.slice(0, limit).map((entry) => entry.body);
      return {
        waiting: entries.length,
        running: undefined,
        delayed: undefined,
        firstWaiting,
        firstDelayed: [],
      };
    },

    deadLetterQueue: (queue) => `${queue}.dead`,

    async [Symbol.asyncDispose]() {
      closed = true;
      for (const { giveBack } of [...held].toReversed()) giveBack();
      held.clear();
      change();
    },
  };
}

function refusalOf({ id, body, notBefore = 0 }: Message): Error | undefined {
  if (Buffer.byteLength(body) > MAX_BYTES) {
    return new WfeError("WFE_TOO_LARGE", `message ${id} has more than ${MAX_BYTES} bytes`);
  }
  if (notBefore > Date.now()) return new WfeError("WFE_UNSUPPORTED", `message ${id}: array has no delays`);
  return undefined;
}
