import type { Channel } from "amqplib";
import type { QueueSnapshot } from "@wfe/core";
import { noAnswer, openChannel } from "./channel.ts";
import { asWfeError, isNotFound } from "./errors.ts";
import type { Link } from "./link.ts";
import { before, deadlineIn } from "./time.ts";

export interface InspectOptions {
  readonly limit: number;
  readonly timeoutMs: number;
}

/**
 * Looks on a channel of its own, so that no error hurts others. What was shown goes back to its place; only the server's
 * redelivered flag stays on it. AMQP tells neither what runs nor what is delayed.
 */
export async function inspectQueue(
  link: Link,
  queue: string,
  options: InspectOptions,
): Promise<QueueSnapshot> {
  const { limit, timeoutMs } = options;
  const deadline = deadlineIn(timeoutMs);
  const model = await link.ready(deadline);
  const channel = await openChannel(model, (on) => on.createChannel(), deadline);
  channel.on("error", () => undefined);
  try {
    const { messageCount } = await before(deadline, channel.checkQueue(queue), noAnswer);
    const firstWaiting = await before(deadline, peek(channel, queue, limit), noAnswer);
    await before(deadline, channel.close(), noAnswer);
    return { waiting: messageCount, running: undefined, delayed: undefined, firstWaiting, firstDelayed: [] };
  } catch (error) {
    if (isNotFound(error)) return NOTHING;
    await channel.close().catch(() => undefined);
    throw asWfeError(error, `inspecting ${queue}`);
  }
}

const NOTHING: QueueSnapshot = {
  waiting: 0,
  running: undefined,
  delayed: undefined,
  firstWaiting: [],
  firstDelayed: [],
};

async function peek(channel: Channel, queue: string, limit: number): Promise<string[]> {
  const bodies: string[] = [];
  while (bodies.length < limit) {
    const message = await channel.get(queue, { noAck: false });
    if (message === false) break;
    bodies.push(message.content.toString());
  }
  if (bodies.length > 0) channel.nackAll(true);
  return bodies;
}
