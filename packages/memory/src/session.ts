import { type ConsumeOptions, type Delivery, WfeError } from "@wfe/core";
import { consumer, type Consumer } from "./consumer.ts";
import type { Entry, Queue } from "./queue.ts";

/** All that one connection consumes, on any queues. */
export interface Session {
  consume(queue: Queue, options: ConsumeOptions): AsyncIterator<Delivery, undefined>;
  /** What is in hand goes back, told as redeliveries and at their old places; the consumers go on. */
  loseLeases(why: string): void;
  /** Ends the consumers, and what is in hand goes back. */
  end(): void;
}

export function session(): Session {
  const consumers = new Set<Consumer>();
  const held = new Map<Entry, Queue>();
  let lease = new AbortController();
  const hands = { consumers, held, lease: () => lease.signal };

  const loseLeases = (why: string): void => {
    lease.abort(new WfeError("WFE_LEASE_LOST", why));
    lease = new AbortController();
    const lost = [...held];
    held.clear();
    for (const [entry, queue] of lost) {
      entry.redelivered = true;
      queue.putBack(entry);
    }
    for (const each of consumers) each.lose();
  };

  return {
    consume: (queue, options) => consumer(queue, options, hands).deliveries,
    loseLeases,
    end() {
      for (const each of consumers) each.end();
      loseLeases("the broker was closed while this delivery was in hand");
    },
  };
}
