import { type ConsumeOptions, type Delivery, errorText, toError } from "@wfe/core";
import type { ConsumeMessage } from "amqplib";
import { openChannel } from "./channel.ts";
import { asWfeError, unavailable } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Settings } from "./options.ts";
import { copyOf } from "./parcel.ts";
import type { Publisher } from "./publisher.ts";
import { isRedelivered, session, type Session } from "./session.ts";
import { backoffMs, before, deadlineIn, pause } from "./time.ts";
import type { Topology } from "./topology.ts";

export interface ConsumerOptions {
  readonly link: Link;
  readonly topology: Topology;
  readonly publisher: Publisher;
  readonly settings: Settings;
  readonly consumption: ConsumeOptions;
}

export interface Consumer {
  readonly deliveries: AsyncIterator<Delivery, undefined>;
  /** Resolves when it has ended and holds nothing any more. */
  readonly over: Promise<void>;
  /** Ends it, and gives back what is in hand. */
  close(): Promise<void>;
}

type Step = IteratorResult<Delivery, undefined>;
const DONE: Step = { done: true, value: undefined };

/**
 * Consumes on a channel of its own, whose prefetch bounds what leaves the server.
 *
 *     connecting ──→ consuming ──(channel or connection lost, cancelled by the server)──→ connecting, after a pause
 *         └──────────────┴──(signal, break, close)──→ ending: cancel, give back ──→ over, once all in hand is settled
 */
export function consumer({ link, topology, publisher, settings, consumption }: ConsumerOptions): Consumer {
  const { signal, onError } = consumption;
  const prefetch = Math.min(consumption.prefetch, MOST_PREFETCH);
  const { commandTimeoutMs: timeoutMs } = settings;
  const target = topology.targetOf(consumption.queue);
  const ending = new AbortController();
  const asking: ((step: Step) => void)[] = [];
  const fetched: ConsumeMessage[] = [];
  let current: Session | undefined;
  let isClosing = false;

  const tell = (error: unknown): void => {
    try {
      onError?.(toError(error));
    } catch {
      // a logger that fails is no reason to stop
    }
  };

  const end = (): void => {
    if (ending.signal.aborted) return;
    signal.removeEventListener("abort", end);
    ending.abort();
    for (const resolve of asking.splice(0)) resolve(DONE);
    current?.interrupt();
  };

  const receive = (from: Session, message: ConsumeMessage | null): void => {
    if (message === null) return from.interrupt(); // the server cancelled it: its queue is gone, or moved
    const resolve = ending.signal.aborted ? undefined : asking.shift();
    if (resolve) resolve({ done: false, value: from.deliver(message) });
    else fetched.push(message);
  };

  const open = async (): Promise<Session> => {
    const model = await link.ready(deadlineIn(timeoutMs));
    const channel = await openChannel(model, (on) => on.createChannel(), deadlineIn(timeoutMs));
    const delay = async (message: ConsumeMessage, delayMs: number): Promise<void> => {
      const notBefore = Date.now() + delayMs;
      const [error] = await publisher.send([copyOf(message, target, { notBefore, isRepeat: true })]);
      if (error) throw error;
    };
    const opened = session(channel, { prefetch, timeoutMs, delay });
    opened.lease.addEventListener("abort", () => void fetched.splice(0)); // the server gives them to others
    return opened;
  };

  /** Consumes until that ends for any reason. Resolves with the consumer's tag if it still stands. */
  const consume = async (on: Session): Promise<string | undefined> => {
    let isCancelled = false;
    const deadline = deadlineIn(timeoutMs);
    await topology.queue(target, deadline);
    await before(deadline, on.channel.prefetch(prefetch), late);
    const onMessage = (message: ConsumeMessage | null): void => {
      isCancelled ||= message === null;
      receive(on, message);
    };
    const consuming = on.channel.consume(target.queue, onMessage, { consumerTag: tagOf(consumption.tag) });
    const { consumerTag } = await before(deadline, consuming, late);
    while (!isCancelled && !on.lease.aborted && !ending.signal.aborted) await on.changed();
    return isCancelled || on.lease.aborted ? undefined : consumerTag;
  };

  /** What was not handed out goes back as new, which only a copy is; then what is in hand is waited for. */
  const windDown = async (on: Session, tag: string | undefined): Promise<void> => {
    if (tag !== undefined)
      await before(deadlineIn(timeoutMs), on.channel.cancel(tag), late).catch(() => undefined);
    const unseen = fetched.splice(0);
    const fresh = unseen.filter((message) => !isRedelivered(message));
    const errors = await publisher.send(fresh.map((message) => copyOf(message, target, {})));
    const moved = new Set(fresh.filter((_, i) => errors[i] === undefined));
    await Promise.allSettled(
      unseen.map((message) => (moved.has(message) ? on.ack(message) : on.requeue(message))),
    );
    while (on.open > 0 && !on.lease.aborted && !isClosing) await on.changed();
    await on.close();
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !ending.signal.aborted;) {
      const startedAt = performance.now();
      let tag: string | undefined;
      try {
        if (!current || current.lease.aborted) current = await open();
        if (!ending.signal.aborted) tag = await consume(current);
        if (ending.signal.aborted) return await windDown(current, tag);
        topology.forget(target.queue);
        tell(unavailable(`queue ${target.queue} is consumed anew: ${whyOf(current)}`, current.lease.reason));
      } catch (error) {
        if (!ending.signal.aborted) tell(asWfeError(error, `consuming ${target.queue}`));
      }
      failures = performance.now() - startedAt > STABLE_MS ? 1 : failures + 1;
      await pause(backoffMs(failures), ending.signal);
    }
    if (current) await windDown(current, undefined);
  };

  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  const over = run().catch(tell);

  return {
    deliveries: {
      next() {
        if (ending.signal.aborted) return Promise.resolve(DONE);
        const message = fetched.shift();
        if (message && current) return Promise.resolve({ done: false, value: current.deliver(message) });
        return new Promise((resolve) => void asking.push(resolve));
      },
      return() {
        end();
        return Promise.resolve(DONE);
      },
    },
    over,
    async close() {
      isClosing = true;
      end();
      current?.interrupt();
      await over;
    },
  };
}

const MOST_PREFETCH = 65_535;
/** A consumer that lived longer than this begins anew with short pauses. */
const STABLE_MS = 5_000;

function whyOf({ lease }: Session): string {
  return lease.aborted ? errorText(lease.reason) : "it was deleted, or has moved";
}

function late(): Error {
  return unavailable("the server did not answer in time");
}

/** Unique within its channel, which is this consumer's own. */
function tagOf(tag: string | undefined): string {
  return (tag ?? "wfe").slice(0, 60);
}
