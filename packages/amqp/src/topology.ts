import type { Channel } from "amqplib";
import { WfeError } from "@wfe/core";
import { type ChannelKeeper, keepChannel, noAnswer } from "./channel.ts";
import { dueKey, dueName, LEVELS_MS, levelKeys, levelName } from "./delays.ts";
import { asWfeError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Settings } from "./options.ts";
import { before, type Deadline } from "./time.ts";

/** A queue as the server knows it, and the key that leads there from our exchange. */
export interface Target {
  readonly queue: string;
  readonly key: string;
}

/** Declares what is needed, once per connection: the same as machinery does, without its stray queues (D-10, D-11). */
export interface Topology {
  /** The default queue has two names: its own, and the routing key that Go puts into calls. */
  targetOf(queue: string): Target;
  /** Whether it was declared on this connection. */
  knows(target: Target): boolean;
  /** Resolves when the queue is there, and bound. */
  queue(target: Target, deadline: Deadline): Promise<void>;
  /** Resolves when messages can be delayed through the levels up to this one. */
  delays(level: number, deadline: Deadline): Promise<void>;
  /** It may be gone: declare it again at its next use. Without a name: everything. */
  forget(queue?: string): void;
  close(): Promise<void>;
}

export function topology(link: Link, settings: Settings): Topology {
  const { exchange, exchangeType, bindingArguments, queueArguments, delayPrefix } = settings;
  const queues = new Map<string, Promise<void>>();
  const levels = new Map<number, Promise<void>>();
  const known = new Set<string>();
  const forget = (queue?: string): void => {
    if (queue !== undefined) return void (queues.delete(queue), known.delete(queue));
    queues.clear();
    known.clear();
    levels.clear();
  };
  const channels: ChannelKeeper<Channel> = keepChannel({
    link,
    timeoutMs: settings.commandTimeoutMs,
    create: (model) => model.createChannel(),
    onClose: () => forget(),
  });
  const due = dueName(delayPrefix);
  const durable = { durable: true } as const;

  /** One at a time: a refusal closes the channel, and must not hit another's declaration. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (
    what: string,
    deadline: Deadline,
    work: (channel: Channel) => Promise<void>,
  ): Promise<void> => {
    const run = async (): Promise<void> => {
      try {
        await before(deadline, work(await channels.get(deadline)), noAnswer);
      } catch (error) {
        throw asWfeError(error, what);
      }
    };
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };

  const remembered = <K>(all: Map<K, Promise<void>>, key: K, make: () => Promise<void>): Promise<void> => {
    const earlier = all.get(key);
    if (earlier) return earlier;
    if (all.size >= MOST_KNOWN) forget();
    const made = make();
    all.set(key, made);
    made.catch(() => all.get(key) === made && all.delete(key));
    return made;
  };

  const declareQueue = async (channel: Channel, { queue, key }: Target): Promise<void> => {
    if (exchange !== "") await channel.assertExchange(exchange, exchangeType, durable);
    await channel.assertQueue(queue, { durable: true, arguments: queueArguments });
    if (exchange !== "") await channel.bindQueue(queue, exchange, key, bindingArguments);
    await channel.assertExchange(due, "topic", durable);
    await channel.bindQueue(queue, due, dueKey(queue));
  };

  const declareLevel = async (channel: Channel, level: number): Promise<void> => {
    const name = levelName(delayPrefix, level);
    const next = level === 0 ? due : levelName(delayPrefix, level - 1);
    const { stay, pass } = levelKeys(level);
    const ttl = { "x-message-ttl": LEVELS_MS[level], "x-dead-letter-exchange": next };
    await channel.assertExchange(name, "topic", durable);
    await channel.assertQueue(name, {
      durable: true,
      arguments: { ...ttl, ...(settings.isQuorum && QUORUM) },
    });
    await channel.bindQueue(name, name, stay);
    await channel.bindExchange(next, name, pass);
  };

  return {
    targetOf(queue) {
      if (Buffer.byteLength(queue) > LONGEST_NAME || queue === "") {
        throw new WfeError(
          "WFE_UNSUPPORTED",
          `amqp: a queue's name has 1 to ${LONGEST_NAME} bytes, got "${queue}"`,
        );
      }
      const { defaultQueue, bindingKey } = settings;
      const isDefault = queue === defaultQueue || queue === bindingKey;
      return isDefault ? { queue: defaultQueue, key: bindingKey } : { queue, key: queue };
    },
    knows: ({ queue }) => known.has(queue),
    async queue(target, deadline) {
      const { queue } = target;
      const declared = remembered(queues, queue, () =>
        inTurn(`declaring queue ${queue}`, deadline, (channel) => declareQueue(channel, target)),
      );
      await declared;
      if (queues.get(queue) === declared) known.add(queue);
    },
    async delays(top, deadline) {
      for (let level = 0; level <= top; level++) {
        await remembered(levels, level, () =>
          inTurn(`declaring delays`, deadline, (channel) => declareLevel(channel, level)),
        );
      }
    },
    forget,
    close: () => channels.close(),
  };
}

const LONGEST_NAME = 255;
/** Names of queues are few, but nothing keeps a program from making them up. */
const MOST_KNOWN = 10_000;
const QUORUM = {
  "x-queue-type": "quorum",
  "x-overflow": "reject-publish",
  "x-dead-letter-strategy": "at-least-once",
} as const;
