import type { ConsumeOptions, Delivery } from "@wfe/core";
import type { Source } from "./client.ts";
import { type Consumer, consumer } from "./consumer.ts";
import type { QueueKeys } from "./keys.ts";
import type { Link } from "./link.ts";
import { type Mover, startMover } from "./mover.ts";
import { subscriptions } from "./subscriptions.ts";

export interface ConsumersOptions {
  readonly source: Source;
  readonly link: Link;
  readonly visibilityTimeoutMs: number;
  readonly delayedPollMs: number;
  readonly hasLevels: boolean;
  /** The delayed set of all queues, and the channel of its movers. None in a cluster. */
  readonly shared: { readonly set: string; readonly channel: string } | undefined;
}

/** All consumers of one broker, and the movers that work while there are any. */
export interface Consumers {
  start(keys: QueueKeys, options: ConsumeOptions): AsyncIterator<Delivery, undefined>;
  close(): Promise<void>;
}

/** Our own writers tell the movers; this is for a told word that got lost. */
const OWN_POLL_MS = 10_000;

interface Station {
  readonly mover: Mover;
  readonly unsubscribe: () => void;
  users: number;
}

export function consumers(options: ConsumersOptions): Consumers {
  const { source, link, visibilityTimeoutMs, shared } = options;
  const all = new Map<Consumer, { readonly onError: ConsumeOptions["onError"] }>();
  const stations = new Map<string, Station>();
  const channels = subscriptions(source, "redis broker, wake-ups");

  const tellAll = (error: unknown): void => {
    for (const { onError } of all.values()) {
      try {
        onError?.(error as Error);
      } catch {
        // whoever is told may fail
      }
    }
  };

  link.onLost(tellAll);

  const staff = (set: string, channel: string, pollMs: number): (() => void) => {
    let station = stations.get(set);
    if (!station) {
      const mover = startMover({ link, set, prefix: source.prefix, pollMs, onError: tellAll });
      const subscribed = channels.subscribe(channel, () => mover.wake());
      void subscribed.ready.then(() => mover.wake()); // for what was told before we listened
      stations.set(set, (station = { mover, unsubscribe: subscribed.stop, users: 0 }));
    }
    const opened = station;
    opened.users += 1;
    return () => {
      opened.users -= 1;
      if (opened.users > 0) return;
      opened.mover.stop();
      opened.unsubscribe();
      stations.delete(set);
    };
  };

  return {
    start(keys, consumption) {
      const unstaff = [staff(keys.delayed, keys.wake, OWN_POLL_MS)];
      if (shared) unstaff.push(staff(shared.set, shared.channel, options.delayedPollMs));
      const wakes = options.hasLevels ? channels.subscribe(keys.wake, () => started.wake()) : undefined;
      const onEnd = (): void => {
        all.delete(started);
        wakes?.stop();
        for (const end of unstaff) end();
      };
      const context = { source, link, keys, visibilityTimeoutMs, blocks: !options.hasLevels, onEnd };
      const started = consumer(context, consumption);
      if (consumption.signal.aborted) onEnd();
      else all.set(started, { onError: consumption.onError });
      return started.deliveries;
    },
    async close() {
      await Promise.all([...all.keys()].map((one) => one.close()));
      channels.close();
    },
  };
}
