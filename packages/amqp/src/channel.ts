import type { Channel, ChannelModel } from "amqplib";
import type { Link } from "./link.ts";
import { unavailable } from "./errors.ts";
import { before, type Deadline, deadlineIn } from "./time.ts";

/** A channel that is opened when it is needed, and again after it or its connection is gone. */
export interface ChannelKeeper<C extends Channel> {
  /** The channel, while there is one. */
  readonly live: C | undefined;
  get(deadline: Deadline): Promise<C>;
  /** Closes the channel, if there is one. */
  close(): Promise<void>;
}

export interface KeeperOptions<C extends Channel> {
  readonly link: Link;
  readonly timeoutMs: number;
  create(model: ChannelModel): Promise<C>;
  /** Called with each new channel, before its first use. */
  onOpen?(channel: C): void;
  /** Called with why it is gone. */
  onClose?(channel: C, error: unknown): void;
}

export function keepChannel<C extends Channel>(options: KeeperOptions<C>): ChannelKeeper<C> {
  const { link, timeoutMs, create, onOpen, onClose } = options;
  let current: Promise<C> | undefined;
  let live: C | undefined;

  const open = async (deadline: Deadline): Promise<C> => {
    const channel = await openChannel(await link.ready(deadline), create, deadlineIn(timeoutMs));
    whenClosed(channel, (error) => {
      current = live = undefined;
      onClose?.(channel, error);
    });
    onOpen?.(channel);
    live = channel;
    return channel;
  };

  return {
    get live() {
      return live;
    },
    get(deadline) {
      if (current) return before(deadline, current, noAnswer);
      const opening = open(deadline);
      current = opening;
      opening.catch(() => {
        if (current === opening) current = undefined;
      });
      return opening;
    },
    async close() {
      const channel = await current?.catch(() => undefined);
      if (channel) await before(deadlineIn(timeoutMs), channel.close(), noAnswer).catch(() => undefined);
    },
  };
}

/** Rejects where the server does not answer in time. */
export async function openChannel<C extends Channel>(
  model: ChannelModel,
  create: (model: ChannelModel) => Promise<C>,
  deadline: Deadline,
): Promise<C> {
  const channel = await before(deadline, create(model), noAnswer);
  channel.on("handler-error", () => undefined);
  return channel;
}

/** Calls back once, when the channel is gone for whatever reason. */
export function whenClosed(channel: Channel, callback: (error: unknown) => void): void {
  let error: unknown;
  channel.on("error", (reason) => void (error = reason));
  channel.once("close", () => callback(error));
}

export function noAnswer(): Error {
  return unavailable("the server did not answer in time");
}
