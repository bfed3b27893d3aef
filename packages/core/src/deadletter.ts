import type { Delivery, Message } from "./broker.ts";
import type { Clock } from "./clock.ts";
import { WfeError } from "./errors.ts";
import { OURS } from "./headers.ts";
import { randomId } from "./id.ts";
import { parseJson } from "./json.ts";
import type { Call } from "./call.ts";
import type { Ports } from "./ports.ts";
import type { Runtime } from "./runtime.ts";
import { stateOf } from "./runtime.ts";
import { decodeCall, encodeCall } from "./wire.ts";

export type DeadReason =
  | "MALFORMED" // bytes that are no call
  | "UNREGISTERED" // no worker knew the task within the time limit
  | "WORKER_LOST" // every run of it lost its worker
  | "FAILED"; // failed for good, and keepOnError was set; or it could not be handled at all

/** A message that was put aside. Its body is what arrived; nothing of it was changed unless `cut`. */
export interface DeadLetter {
  readonly id: string;
  /** Where it came from, and where `resend` puts it. */
  readonly queue: string;
  readonly reason: DeadReason;
  readonly error: string;
  readonly at: number;
  readonly body: string;
  /** The body was longer than a message can be; its end is missing. It cannot be sent again. */
  readonly cut: boolean;
}

/** The message that carries a dead letter. */
export function deadMessage(letter: Omit<DeadLetter, "cut">, ports: Ports): Message {
  const { facts } = ports.broker;
  const encode = (more: Partial<DeadLetter>): string => JSON.stringify({ wfe: "dead", ...letter, ...more });
  const fits = (text: string): boolean => Buffer.byteLength(text) <= facts.maxMessageBytes;
  // JSON makes at most 6 bytes of a character; the rest of the envelope needs a little room
  const room = Math.max(0, Math.floor((facts.maxMessageBytes - 1000) / 6));
  const error = letter.error.slice(0, Math.min(1000, Math.floor(room / 4)));
  const whole = encode({ cut: false });
  const short = fits(whole) ? whole : encode({ error, cut: false });
  const body = fits(short)
    ? short
    : encode({ error, body: letter.body.slice(0, room - error.length), cut: true });
  return { id: `dead_${letter.id}`, queue: ports.broker.deadLetterQueue(letter.queue), body };
}

/** Undefined where the body is no dead letter of ours. */
export function decodeDeadLetter(body: string): DeadLetter | undefined {
  try {
    const value = parseJson(body) as (DeadLetter & { readonly wfe?: unknown }) | null;
    if (value?.wfe !== "dead") return undefined;
    const { id, queue, reason, error, at, cut } = value;
    return { id, queue, reason, error, at, body: value.body, cut };
  } catch {
    return undefined;
  }
}

export interface DeadLetters {
  /** The first `limit` (default 100), oldest first where the broker keeps order. Disturbs nothing. */
  list(options?: { readonly limit?: number; readonly signal?: AbortSignal }): Promise<readonly DeadLetter[]>;
  /** Sends those that match again, each under a new id that names the old, then removes them. Answers the new ids.
   * What the old call was a part of has failed and stays so: the new one runs with its own follow-ups alone. */
  resend(match: DeadMatch, options?: DeadOptions): Promise<readonly string[]>;
  /** Forgets those that match. Answers how many. */
  drop(match: DeadMatch, options?: DeadOptions): Promise<number>;
}

export type DeadMatch = (letter: DeadLetter) => boolean;

export interface DeadOptions {
  readonly signal?: AbortSignal;
  /** Gives up after so long without a further letter. Default 30,000. */
  readonly timeoutMs?: number;
}

/** The dead letters of one queue. */
export function createDeadLetters(queue: string, runtime: Runtime): DeadLetters {
  const { ports, clock } = runtime;
  const { broker } = ports;
  const deadQueue = broker.deadLetterQueue(queue);
  const inspect = async (limit: number, signal?: AbortSignal): Promise<readonly DeadLetter[]> => {
    const { firstWaiting } = await broker.inspect(deadQueue, { limit, signal });
    return firstWaiting.map(decodeDeadLetter).filter((letter) => letter !== undefined);
  };
  return {
    list: ({ limit = 100, signal } = {}) => inspect(limit, signal),
    async resend(match, options = {}) {
      const sent: string[] = [];
      await sweep(ports, deadQueue, clock, options, async (letter) => {
        if (letter.cut || !match(letter)) return false;
        sent.push(await resend(letter, runtime));
        return true;
      });
      return sent;
    },
    async drop(match, options = {}) {
      let count = 0;
      await sweep(ports, deadQueue, clock, options, (letter) => {
        const matches = match(letter);
        if (matches) count += 1;
        return Promise.resolve(matches);
      });
      return count;
    },
  };
}

/**
 * A call is sent again as new, with a state of its own: its old one is final. So is its group's count of it, which
 * it must not enter twice. What is no call goes as it is. Answers the new id.
 */
async function resend(letter: DeadLetter, runtime: Runtime): Promise<string> {
  const { ports } = runtime;
  const id = `${letter.id.split("~")[0]}~${letter.at.toString(36)}${randomId().slice(0, 6)}`;
  const { queue } = letter;
  if (letter.reason === "MALFORMED") {
    await ports.publish({ id, queue, body: letter.body });
    return id;
  }
  const call = decodeCall(letter.body);
  const headers = Object.entries(call.headers ?? {}).filter(
    ([name]) => name !== OURS.unknown && name !== OURS.probe && name !== OURS.attempt,
  );
  const again: Call = {
    ...call,
    id,
    headers: { ...Object.fromEntries(headers), [OURS.dead]: letter.id },
    groupId: "",
    groupSize: 0,
    chordCallback: null,
  };
  await ports.save(stateOf(again, "PENDING", runtime));
  await ports.publish({ id, queue, body: encodeCall(again) });
  return id;
}

/**
 * Goes once through the queue: holds every letter, removes those that `take` says yes to, and puts the rest
 * back at the end, so that none is met twice.
 */
async function sweep(
  ports: Ports,
  queue: string,
  clock: Clock,
  options: DeadOptions,
  take: (letter: DeadLetter) => Promise<boolean>,
): Promise<void> {
  const { timeoutMs = 30_000, signal } = options;
  const { waiting } = await ports.broker.inspect(queue, { signal });
  if (waiting === 0) return;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  let cancel = clock.after(timeoutMs, abort);
  const kept: Delivery[] = [];
  try {
    let left = waiting ?? Infinity;
    const prefetch = Math.min(left, 10_000);
    for await (const delivery of ports.broker.consume({ queue, prefetch, signal: stop.signal })) {
      cancel();
      cancel = clock.after(timeoutMs, abort);
      const letter = decodeDeadLetter(delivery.body);
      if (letter && (await take(letter))) await delivery.ack();
      else kept.push(delivery);
      left -= 1;
      if (left <= 0 || kept.length >= prefetch) break;
    }
  } finally {
    cancel();
    signal?.removeEventListener("abort", abort);
    stop.abort();
    for (const delivery of kept.toReversed()) await delivery.release();
  }
  if (signal?.aborted)
    throw new WfeError("WFE_ABORTED", `going through ${queue} was aborted`, { cause: signal.reason });
}
