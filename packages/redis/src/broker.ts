import type { Broker, BrokerFacts, Logger } from "@wfe/core";
import { WfeError } from "@wfe/core";
import { checkServer } from "./check.ts";
import { type RedisConnectOptions, sourceOf } from "./client.ts";
import { inspectQueue } from "./inspect.ts";
import { queueKeys, type QueueKeys } from "./keys.ts";
import { abortable, gate, openLink } from "./link.ts";
import { publisher } from "./publisher.ts";
import { consumers } from "./consumers.ts";

export type RedisBrokerOptions = RedisConnectOptions & {
  /** How long after the last sign of life of a consumer its messages go to others. Default 30,000. */
  readonly visibilityTimeoutMs?: number | undefined;
  /** The sorted set of what is delayed, shared with machinery. Default "delayed_tasks". Not used in a cluster. */
  readonly delayedTasksKey?: string | undefined;
  /** How often to look for what a Go producer has delayed. Default 1,000. */
  readonly delayedPollMs?: number | undefined;
  /** The levels of priority above 0, for example `[9, 5]`. Default none, since Go knows only one list. */
  readonly priorities?: readonly number[] | undefined;
  /** The longest body, in UTF-8 bytes. Default 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Told at the start when the server may lose messages or is too old. */
  readonly logger?: Logger | undefined;
};

const NAME = "redis broker";

/** Messages in the lists of a Redis server, as machinery keeps them; fetched so that no crash loses any. */
export function redisBroker(options: RedisBrokerOptions): Broker {
  const { visibilityTimeoutMs = 30_000, delayedPollMs = 1_000, maxMessageBytes = 64 * 2 ** 20 } = options;
  const source = sourceOf(options, NAME);
  const levels = levelsOf(options.priorities ?? []);
  if (!(visibilityTimeoutMs >= 100))
    throw invalid(`visibilityTimeoutMs must be 100 or more, got ${visibilityTimeoutMs}`);
  const { enter, close } = gate(NAME);
  const link = openLink(source, "commands", NAME);
  checkServer(link, NAME, options.logger);
  const { isCluster } = link;
  const shared = source.prefix + (options.delayedTasksKey ?? "delayed_tasks");

  const known = new Map<string, QueueKeys>();
  const keysOf = (queue: string): QueueKeys => {
    let keys = known.get(queue);
    if (!keys) {
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(queue, (keys = queueKeys(source.prefix, queue, { isCluster, levels })));
    }
    return keys;
  };
  const sharedWake = `${source.prefix}wfe:{${shared}}:wake`;
  const delayedSet = (keys: QueueKeys): { readonly set: string; readonly channel: string } =>
    isCluster ? { set: keys.delayed, channel: keys.wake } : { set: shared, channel: sharedWake };

  const publish = publisher({ link, maxMessageBytes, levels, keysOf, delayedSet });
  const consuming = consumers({
    source,
    link,
    visibilityTimeoutMs,
    delayedPollMs,
    hasLevels: levels.length > 0,
    shared: isCluster ? undefined : { set: shared, channel: sharedWake },
  });

  return {
    name: "redis",
    facts: factsFor(maxMessageBytes, levels.length > 0),
    async publish(messages, call) {
      enter(call);
      await abortable(publish(messages), call, NAME);
    },
    consume: (consumption) => ({
      [Symbol.asyncIterator]() {
        enter();
        return consuming.start(keysOf(consumption.queue), consumption);
      },
    }),
    async inspect(queue, inspection) {
      enter(inspection);
      const keys = keysOf(queue);
      const sets = isCluster ? [keys.delayed] : [shared, keys.delayed];
      const how = { limit: inspection?.limit ?? 0, prefix: source.prefix };
      return await abortable(inspectQueue(link, keys, sets, how), inspection, NAME);
    },
    deadLetterQueue: (queue) => `${queue}.dead`,
    async [Symbol.asyncDispose]() {
      close();
      await consuming.close();
      link.close();
    },
  };
}

/** Names of queues are few, but nothing keeps a program from making them up. */
const MOST_KNOWN = 10_000;

function factsFor(maxMessageBytes: number, priorities: boolean): BrokerFacts {
  return {
    maxDelayMs: Infinity,
    delayStepMs: 1,
    maxMessageBytes,
    maxBatch: 1_000,
    priorities,
    ordering: "fifo",
    tellsRedelivery: true,
    delayedRelease: true,
    inspects: ["waiting", "running", "delayed"],
    peeks: true,
  };
}

function levelsOf(priorities: readonly number[]): readonly number[] {
  const bad = priorities.find((level) => !Number.isInteger(level) || level < 0 || level > 255);
  if (bad !== undefined) throw invalid(`priorities are whole numbers from 0 to 255, got ${bad}`);
  return [...new Set(priorities)].filter((level) => level > 0).toSorted((a, b) => b - a);
}

function invalid(text: string): WfeError {
  return new WfeError("WFE_INVALID_OPTION", `${NAME}: ${text}`);
}
