import type { Channel, ConsumeMessage } from "amqplib";
import type { Delivery } from "@wfe/core";
import { noAnswer, whenClosed } from "./channel.ts";
import { leaseLost } from "./errors.ts";
import { REDELIVERED } from "./headers.ts";
import { before, deadlineIn } from "./time.ts";

/** One life of a consumer's channel. Its end is the end of every lease on what it delivered. */
export interface Session {
  readonly channel: Channel;
  /** Aborted when the channel is gone. */
  readonly lease: AbortSignal;
  /** Handed out and not settled. */
  readonly open: number;
  /** The first of what ends a session or its consumer: channel gone, cancelled by the server, or `interrupt`. */
  changed(): Promise<void>;
  interrupt(): void;
  deliver(message: ConsumeMessage): Delivery;
  /** Resolves when the server has acked it. */
  ack(message: ConsumeMessage): Promise<void>;
  /** Back to its place, told as a redelivery. */
  requeue(message: ConsumeMessage): Promise<void>;
  /** Gives back what is unsettled, told as redeliveries. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly prefetch: number;
  readonly timeoutMs: number;
  /** Sends a copy of a message that is told as a redelivery. Rejects where it was not accepted. */
  delay(message: ConsumeMessage, delayMs: number): Promise<void>;
}

export function isRedelivered({ fields, properties }: ConsumeMessage): boolean {
  return fields.redelivered || properties.headers?.[REDELIVERED] === true;
}

export function session(channel: Channel, { prefetch, timeoutMs, delay }: SessionOptions): Session {
  const lease = new AbortController();
  let open = 0;
  const waiting: (() => void)[] = [];
  const interrupt = (): void => {
    for (const go of waiting.splice(0)) go();
  };
  whenClosed(channel, (error) => {
    lease.abort(leaseLost(error));
    interrupt();
  });

  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<unknown> | undefined;
  /** An ack has no answer, but the server works in order: one that answers afterwards proves it, for all before it. */
  const proof = (): Promise<unknown> => {
    next ??= running.then(() => {
      next = undefined;
      running = before(deadlineIn(timeoutMs), channel.prefetch(prefetch), noAnswer);
      return running;
    });
    running.catch(() => undefined);
    return next;
  };

  const settle = async (how: () => void): Promise<void> => {
    if (lease.signal.aborted) throw lease.signal.reason as Error;
    try {
      how();
      await proof();
    } catch (error) {
      throw lease.signal.aborted ? (lease.signal.reason as Error) : error;
    }
  };
  const ack = (message: ConsumeMessage): Promise<void> => settle(() => channel.ack(message));
  const requeue = (message: ConsumeMessage): Promise<void> =>
    settle(() => channel.nack(message, false, true));

  const deliver = (message: ConsumeMessage): Delivery => {
    let settled: Promise<void> | undefined;
    open += 1;
    const once = (how: () => Promise<void>): Promise<void> => {
      if (settled) return settled.catch(() => undefined);
      const work = how();
      settled = work;
      work.then(left, () => {
        if (lease.signal.aborted) left();
        else settled = undefined;
      });
      return work;
    };
    const left = (): void => {
      open -= 1;
      interrupt();
    };
    return {
      body: message.content.toString(),
      redelivered: isRedelivered(message),
      signal: lease.signal,
      ack: () => once(() => ack(message)),
      release: ({ delayMs = 0 } = {}) =>
        once(() => (delayMs > 0 ? delay(message, delayMs).then(() => ack(message)) : requeue(message))),
    };
  };

  return {
    channel,
    lease: lease.signal,
    get open() {
      return open;
    },
    changed: () =>
      lease.signal.aborted ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve)),
    interrupt,
    deliver,
    ack,
    requeue,
    async close() {
      if (lease.signal.aborted) return;
      await before(deadlineIn(timeoutMs), channel.close(), noAnswer).catch(() => undefined);
    },
  };
}
