import { type CallOptions, WfeError } from "@wfe/core";
import type { RedisClient, Role, Source } from "./client.ts";
import { aborted, asWfeError, closed, isNoScript } from "./errors.ts";
import type { Script } from "./scripts.ts";

export type Argument = string | Buffer | number;

/**
 * One connection, opened at its first use. Commands are sent only while it is ready; else they wait for that, at most
 * `commandTimeoutMs`. Every rejection is a `WfeError`.
 */
export interface Link {
  readonly isCluster: boolean;
  command(name: string, args: Argument[]): Promise<unknown>;
  /** With replies as bytes. */
  bytes(name: string, args: Argument[]): Promise<unknown>;
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Resolves when the connection is ready; rejects with `WFE_UNAVAILABLE` when it is not in time. */
  ready(): Promise<void>;
  /** Called each time that the connection becomes ready. */
  onReady(listener: () => void): void;
  /** Called each time that a connection which was ready is lost. */
  onLost(listener: (error: Error) => void): void;
  onMessage(listener: (channel: string, message: string) => void): void;
  /** Ends a connection that hangs, and opens another. */
  replace(): void;
  close(): void;
}

export function openLink(source: Source, role: Role, name: string): Link {
  let client = source.open(role);
  const { isCluster } = client;
  let isClosed = false;
  let lastError: Error | undefined;
  const readyListeners = new Set<() => void>();
  const lostListeners = new Set<(error: Error) => void>();
  const messageListeners = new Set<(channel: string, message: string) => void>();
  /** Of those who wait for the connection. */
  const waiting = new Set<(error?: Error) => void>();

  const listen = (to: RedisClient): void => {
    let wasReady = false;
    to.on("error", (error: Error) => void (lastError = error));
    const lost = (): void => {
      if (!wasReady || isClosed || to !== client) return;
      for (const listener of lostListeners) listener(connectionLost(name, lastError));
    };
    to.on("close", () => {
      lost();
      wasReady = false;
    });
    to.on("-node", lost); // of a cluster, whose other nodes go on
    to.on("ready", () => {
      if (to !== client) return;
      wasReady = true;
      lastError = undefined;
      for (const listener of readyListeners) listener();
      for (const go of waiting) go();
    });
    to.on("message", (channel: string, message: string) => {
      for (const listener of messageListeners) listener(channel, message);
    });
  };
  listen(client);

  const open = (): void => {
    if (client.status !== "wait" && client.status !== "end") return;
    const opening = client;
    opening.connect().catch((error: unknown) => {
      if (opening.status !== "end") return; // it tries again by itself
      for (const go of waiting) go(asWfeError(error, name));
    });
  };

  const ready = (): Promise<void> => {
    if (isClosed) return Promise.reject(closed(name));
    if (client.status === "ready") return Promise.resolve();
    open();
    return new Promise((resolve, reject) => {
      const done = (error?: Error): void => {
        waiting.delete(done);
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(
        () => done(unreachable(name, source.commandTimeoutMs, lastError)),
        source.commandTimeoutMs,
      );
      waiting.add(done);
    });
  };

  const send = async (how: "call" | "callBuffer", command: string, args: Argument[]): Promise<unknown> => {
    try {
      if (client.status !== "ready" || isClosed) await ready();
      return await client[how](command, args);
    } catch (error) {
      if (isNoScript(error)) throw error;
      throw isClosed ? closed(name) : asWfeError(error, command === "evalsha" ? name : `${name}, ${command}`);
    }
  };

  return {
    isCluster,
    command: (command, args) => send("call", command, args),
    bytes: (command, args) => send("callBuffer", command, args),
    async run(script, keys, args) {
      const rest = [keys.length, ...keys, ...args];
      try {
        return await send("call", "evalsha", [script.sha, ...rest]);
      } catch (error) {
        if (isNoScript(error)) return await send("call", "eval", [script.lua, ...rest]);
        throw error;
      }
    },
    ready,
    onReady: (listener) => void readyListeners.add(listener),
    onLost: (listener) => void lostListeners.add(listener),
    onMessage: (listener) => void messageListeners.add(listener),
    replace() {
      if (isClosed) return;
      const old = client;
      client = source.open(role);
      listen(client);
      end(old);
      open();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      end(client);
      for (const go of waiting) go(closed(name));
    },
  };
}

function end(client: RedisClient): void {
  if (client.status !== "end") client.disconnect();
}

function connectionLost(name: string, cause: Error | undefined): WfeError {
  return new WfeError("WFE_UNAVAILABLE", `redis: ${name}: the connection was lost and is opened again`, {
    cause,
  });
}

function unreachable(name: string, ms: number, cause: Error | undefined): WfeError {
  const why = cause ? `: ${cause.message}` : "";
  return new WfeError("WFE_UNAVAILABLE", `redis: ${name}: no connection within ${ms} ms${why}`, { cause });
}

/** Lets calls in until it is closed. */
export interface Gate {
  readonly isClosed: boolean;
  /** Throws `WFE_CLOSED` after the end, and `WFE_ABORTED` when the caller's signal is aborted. */
  enter(options?: CallOptions): void;
  /** False: it was closed before. */
  close(): boolean;
}

export function gate(name: string): Gate {
  let isClosed = false;
  return {
    get isClosed() {
      return isClosed;
    },
    enter(call) {
      if (isClosed) throw closed(name);
      if (call?.signal?.aborted) throw aborted(name, call.signal);
    },
    close() {
      const wasOpen = !isClosed;
      isClosed = true;
      return wasOpen;
    },
  };
}

/** Follows `work`, or rejects when the caller's signal aborts first. The work itself goes on. */
export function abortable<T>(work: Promise<T>, call: CallOptions | undefined, name: string): Promise<T> {
  const signal = call?.signal;
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(aborted(name, signal));
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
