import type { ConsumeOptions, Delivery } from "@wfe/core";
import type { Entry, Queue, Taker } from "./queue.ts";

/** What the consumers of one connection share. */
export interface Hands {
  /** Those that have not ended. */
  readonly consumers: Set<Consumer>;
  /** All that was handed out and is not settled. */
  readonly held: Map<Entry, Queue>;
  /** Of what is handed out now: aborted when that belongs to others. */
  lease(): AbortSignal;
}

export interface Consumer {
  readonly deliveries: AsyncIterator<Delivery, undefined>;
  /** Takes no more; whoever waits for a delivery hears that there is none. What is in hand stays so. */
  end(): void;
  /** What was in hand is not any more. */
  lose(): void;
}

type Step = IteratorResult<Delivery, undefined>;

/**
 * Takes an entry from the queue only when somebody asks for it, so nothing is ever fetched but not handed out, and
 * nothing of that kind has to go back. Ends once: by its signal, by leaving the loop, or with its connection.
 */
export function consumer(queue: Queue, options: ConsumeOptions, hands: Hands): Consumer {
  const { prefetch, signal } = options;
  /** Calls of `next` without an answer, oldest first. */
  const asking: ((step: Step) => void)[] = [];
  let unsettled = 0;
  let ended = false;

  const hasRoom = (): boolean => unsettled - (options.held?.() ?? 0) < prefetch;
  const wantsMore = (): boolean => asking.length > 0 && hasRoom();
  const taker: Taker = {
    take(entry) {
      asking.shift()?.({ done: false, value: deliver(entry) });
      return wantsMore();
    },
  };

  const deliver = (entry: Entry): Delivery => {
    const lease = hands.lease();
    let settled = false;
    unsettled++;
    hands.held.set(entry, queue);

    const settle = (how: () => void): Promise<void> => {
      if (settled) return Promise.resolve();
      if (lease.aborted) return Promise.reject(lease.reason as Error);
      settled = true;
      hands.held.delete(entry);
      how();
      unsettled--;
      if (wantsMore()) queue.ask(taker);
      return Promise.resolve();
    };
    return {
      body: entry.body,
      redelivered: entry.redelivered,
      signal: lease,
      ack: () => settle(() => queue.drop(entry)),
      release: (release) =>
        settle(() => {
          entry.redelivered = true;
          queue.putBack(entry, release?.delayMs);
        }),
    };
  };

  const next = (): Promise<Step> => {
    if (ended) return Promise.resolve({ done: true, value: undefined });
    if (asking.length === 0 && hasRoom()) {
      const entry = queue.take();
      if (entry !== undefined) return Promise.resolve({ done: false, value: deliver(entry) });
    }
    return new Promise((resolve) => {
      asking.push(resolve);
      if (wantsMore()) queue.ask(taker);
    });
  };

  const end = (): void => {
    if (ended) return;
    ended = true;
    signal.removeEventListener("abort", end);
    hands.consumers.delete(self);
    queue.forget(taker);
    queue.listeners(-1);
    for (const resolve of asking.splice(0)) resolve({ done: true, value: undefined });
  };

  const lose = (): void => {
    unsettled = 0;
    if (wantsMore()) queue.ask(taker);
  };

  const leave = (): Promise<Step> => {
    end();
    return Promise.resolve({ done: true, value: undefined });
  };

  const self: Consumer = { deliveries: { next, return: leave }, end, lose };
  hands.consumers.add(self);
  queue.listeners(1);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  return self;
}
