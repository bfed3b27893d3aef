import type { Source } from "./client.ts";
import { type Link, openLink } from "./link.ts";

/** What is heard on channels, over one connection that is opened for the first of them. */
export interface Subscriptions {
  /** `tell` gets each message, and undefined when the connection was away: something may have been missed. */
  subscribe(channel: string, tell: (message?: string) => void): Subscription;
  close(): void;
}

export interface Subscription {
  /** Resolves when no later message can be missed. */
  readonly ready: Promise<void>;
  stop(): void;
}

interface Channel {
  readonly listeners: Set<(message?: string) => void>;
  ready: PromiseWithResolvers<void>;
}

const AGAIN_MS = 100;

/**
 * Channels come and go with one SUBSCRIBE or UNSUBSCRIBE per tick. After a reconnect all are subscribed to again, and
 * everybody is told that something may have been missed.
 */
export function subscriptions(source: Source, name: string): Subscriptions {
  const channels = new Map<string, Channel>();
  let link: Link | undefined;
  let entering = new Set<string>();
  let leaving = new Set<string>();
  let scheduled = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  /** A connection that only listens would not notice its end; the answer to a ping is watched by the client. */
  let pings: NodeJS.Timeout | undefined;

  const open = (): Link => {
    if (link) return link;
    const opened = openLink(source, "subscriber", name);
    link = opened;
    pings = setInterval(
      () => void opened.command("ping", []).catch(() => undefined),
      2 * source.commandTimeoutMs,
    );
    let first = true;
    opened.onReady(() => {
      if (!first) restore();
      first = false;
    });
    opened.onMessage((channel, message) => tell(channel, message));
    return opened;
  };

  const tell = (channel: string, message?: string): void => {
    for (const listener of channels.get(channel)?.listeners ?? []) listener(message);
  };

  const restore = (): void => {
    entering = new Set(channels.keys());
    leaving = new Set();
    flush();
    for (const channel of channels.keys()) tell(channel);
  };

  const schedule = (): void => {
    if (scheduled || isClosed) return;
    scheduled = true;
    process.nextTick(flush);
  };

  const flush = (): void => {
    scheduled = false;
    if (isClosed) return;
    const [subscribing, unsubscribing] = [[...entering], [...leaving]];
    entering.clear();
    leaving.clear();
    if (unsubscribing.length > 0)
      void open()
        .command("unsubscribe", unsubscribing)
        .catch(() => undefined);
    if (subscribing.length > 0) void subscribe(subscribing);
  };

  const subscribe = async (names: string[]): Promise<void> => {
    const asked = names.map((one) => channels.get(one));
    try {
      await open().command("subscribe", names);
      for (const one of asked) one?.ready.resolve();
    } catch {
      if (isClosed) return;
      for (const one of names) if (channels.has(one)) entering.add(one);
      clearTimeout(timer);
      timer = setTimeout(schedule, AGAIN_MS);
    }
  };

  return {
    subscribe(channel, listener) {
      let entry = channels.get(channel);
      if (!entry) {
        channels.set(channel, (entry = { listeners: new Set(), ready: Promise.withResolvers() }));
        entry.ready.promise.catch(() => undefined);
        leaving.delete(channel);
        entering.add(channel);
        schedule();
      }
      const mine = (message?: string): void => listener(message); // one of its own: the same function may listen twice
      const { listeners, ready } = entry;
      listeners.add(mine);
      return {
        ready: ready.promise,
        stop() {
          if (!listeners.delete(mine) || listeners.size > 0 || channels.get(channel)?.listeners !== listeners)
            return;
          channels.delete(channel);
          if (!entering.delete(channel)) leaving.add(channel);
          schedule();
        },
      };
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      clearInterval(pings);
      link?.close();
      for (const { ready } of channels.values()) ready.resolve();
      channels.clear();
    },
  };
}
