import { type Message, PublishError, WfeError } from "@wfe/core";
import { delayedTrailer, elementOf } from "./element.ts";
import { replyError } from "./errors.ts";
import type { QueueKeys } from "./keys.ts";
import type { Argument, Link } from "./link.ts";
import { DELAY } from "./delayedScripts.ts";

export interface PublisherOptions {
  readonly link: Link;
  readonly maxMessageBytes: number;
  readonly levels: readonly number[];
  keysOf(queue: string): QueueKeys;
  /** The set for what is delayed in a queue, and the channel of its movers. */
  delayedSet(keys: QueueKeys): { readonly set: string; readonly channel: string };
}

export type Publish = (messages: readonly Message[]) => Promise<void>;

/** What one command carries at most, in UTF-16 units: the server refuses queries of more than a gigabyte. */
const LARGEST_COMMAND = 8 * 2 ** 20;
const MOST_PER_COMMAND = 1_000;

/** The messages, by index, that go with one command. */
interface Parcel {
  readonly indexes: number[];
  readonly args: Argument[];
  size: number;
}

/** Sends the messages of one call: those of one queue in one command, which the server takes as a whole or not at all. */
export function publisher(options: PublisherOptions): Publish {
  const { link, maxMessageBytes, levels, keysOf, delayedSet } = options;
  const hasLevels = levels.length > 0;

  return async (messages) => {
    const failures = new Map<number, Error>();
    const pushes = new Map<string, Parcel[]>();
    const delays = new Map<string, Parcel[]>();
    const wakes = new Set<string>();
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as Message;
      const error = refusal(message, maxMessageBytes);
      if (error) failures.set(index, error);
      else if (message.notBefore !== undefined) delay(delays, index, message);
      else push(pushes, wakes, index, message);
    }
    const sent: Promise<void>[] = [];
    const send = (parcel: Parcel, work: Promise<unknown>): void => {
      const failed = (error: unknown): void =>
        parcel.indexes.forEach((index) => failures.set(index, error as Error));
      const partly = (answer: unknown): void => {
        if (!Array.isArray(answer)) return; // a list's length: all were accepted
        for (let i = 0; i < answer.length; i += 2) {
          const error = replyError(String(answer[i + 1]), "delaying a message");
          failures.set(parcel.indexes[Number(answer[i])] as number, error);
        }
      };
      sent.push(work.then(partly, failed));
    };
    for (const [list, parcels] of pushes) {
      for (const parcel of parcels) send(parcel, link.command("rpush", [list, ...parcel.args]));
    }
    for (const [channelAndSet, parcels] of delays) {
      const [channel = "", set = ""] = channelAndSet.split("\0");
      for (const parcel of parcels) send(parcel, link.run(DELAY, [set], [channel, ...parcel.args]));
    }
    await Promise.all(sent);
    for (const channel of wakes) void link.command("publish", [channel, ""]).catch(() => undefined);
    if (failures.size > 0) throw new PublishError(failures, messages.length);
  };

  function push(into: Map<string, Parcel[]>, wakes: Set<string>, index: number, message: Message): void {
    const keys = keysOf(message.queue);
    const element = elementOf(message.body);
    const parcel = parcelFor(into, hasLevels ? listOf(keys, message.priority) : keys.list, element.length);
    parcel.indexes.push(index);
    parcel.args.push(element);
    if (hasLevels) wakes.add(keys.wake);
  }

  function delay(into: Map<string, Parcel[]>, index: number, message: Message): void {
    const keys = keysOf(message.queue);
    const { set, channel } = delayedSet(keys);
    const element = elementOf(message.body);
    const list = listOf(keys, message.priority);
    const parcel = parcelFor(into, `${channel}\0${set}`, element.length);
    parcel.indexes.push(index);
    const trailer = delayedTrailer(list, hasLevels ? keys.wake : "-");
    parcel.args.push(scoreOf(message.notBefore as number), list, element, trailer);
  }

  /** The list of the highest level that is not above the priority. */
  function listOf(keys: QueueKeys, priority = 0): string {
    if (!hasLevels) return keys.list;
    const level = levels.find((one) => one <= priority) ?? 0;
    return level > 0 ? keys.levelBase + level : keys.list;
  }
}

function parcelFor(into: Map<string, Parcel[]>, target: string, size: number): Parcel {
  let parcels = into.get(target);
  if (!parcels) into.set(target, (parcels = []));
  let parcel = parcels.at(-1);
  if (!parcel || parcel.indexes.length >= MOST_PER_COMMAND || parcel.size + size > LARGEST_COMMAND) {
    parcels.push((parcel = { indexes: [], args: [], size: 0 }));
  }
  parcel.size += size;
  return parcel;
}

/** Nanoseconds since the epoch, as text: no number of JavaScript holds them. */
function scoreOf(epochMs: number): string {
  if (!Number.isFinite(epochMs)) return epochMs > 0 ? "inf" : "0";
  return epochMs <= 0 ? "0" : `${BigInt(Math.ceil(epochMs * 1000))}000`;
}

function refusal({ id, body }: Message, maxBytes: number): Error | undefined {
  // A UTF-16 unit is at most three bytes, so most bodies need not be counted.
  if (body.length * 3 <= maxBytes) return undefined;
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxBytes) return undefined;
  return new WfeError(
    "WFE_TOO_LARGE",
    `message ${id} has ${bytes} bytes; this broker carries at most ${maxBytes}`,
  );
}
