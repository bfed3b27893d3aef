import { type ConsumeOptions, type Delivery, WfeError } from "@wfe/core";
import { consumer, type Consumer } from "./consumer.ts";
import type { Entry, Queue } from "./queue.ts";

/** All that one connection consumes, on any queues. */
export interface Session {
  consume(queue: Queue, options: ConsumeOptions): AsyncIterator<Delivery, undefined>;
  /** Ends the consumers, and gives back what they hold: told as redeliveries, and at their old places. */
  end(): void;
}

export function session(): Session {
  const consumers = new Set<Consumer>();
  const held = new Map<Entry, Queue>();
  const lease = new AbortController();

  return {
    consume(queue, options) {
      const started = consumer(queue, options, { held, lease: lease.signal }, () =>
        consumers.delete(started),
      );
      if (!options.signal.aborted) consumers.add(started);
      return started.deliveries;
    },
    end() {
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
