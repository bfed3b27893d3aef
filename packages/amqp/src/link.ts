import { type ChannelModel, connect } from "amqplib";
import { errorText } from "@wfe/core";
import { asWfeError, closed, isRefusal, unavailable } from "./errors.ts";
import type { Settings } from "./options.ts";
import { backoffMs, before, type Deadline, deadlineIn, pause } from "./time.ts";
import { placeOf } from "./urls.ts";

/**
 * One connection, opened at its first use and again at the first use after a loss.
 *
 *     none ──(somebody needs it)──→ opening ──→ open ──(lost)──→ none
 *      ↑                               │ all URLs failed: the next attempt waits longer
 *      └───────────────────────────────┘
 */
export interface Link {
  /** Why the server takes no messages (a memory or disk alarm), if so. */
  readonly blocked: string | undefined;
  /** The open connection. At once with the server's refusal; else `WFE_UNAVAILABLE` after the deadline. */
  ready(deadline: Deadline): Promise<ChannelModel>;
  /** Resolves when the server takes messages, or the connection is lost. */
  unblocked(): Promise<void>;
  close(): Promise<void>;
}

export function openLink(settings: Settings, name: string): Link {
  const closing = new AbortController();
  let current: Promise<ChannelModel> | undefined;
  let open: ChannelModel | undefined;
  let failures = 0;
  let lastError: unknown;
  let blocked: string | undefined;
  const waiting: (() => void)[] = [];

  const setBlocked = (reason: string | undefined): void => {
    blocked = reason;
    if (reason === undefined) for (const go of waiting.splice(0)) go();
  };

  const listen = (model: ChannelModel): void => {
    model.on("error", (error) => void (lastError = error));
    model.on("handler-error", () => undefined);
    model.on("blocked", (reason: unknown) => setBlocked(reasonOf(reason)));
    model.on("unblocked", () => setBlocked(undefined));
    model.on("close", () => {
      if (open !== model) return;
      open = current = undefined;
      failures = Math.max(failures, 1);
      setBlocked(undefined);
    });
  };

  const attempt = async (): Promise<ChannelModel> => {
    await pause(backoffMs(failures), closing.signal);
    for (const url of settings.urls) {
      if (closing.signal.aborted) break;
      try {
        const model = await connectTo(url, settings);
        if (closing.signal.aborted) {
          await end(model, settings.commandTimeoutMs);
          break;
        }
        listen(model);
        open = model;
        failures = 0;
        return model;
      } catch (error) {
        lastError = error;
      }
    }
    failures += 1;
    current = undefined;
    throw closing.signal.aborted ? closed(name) : lastError;
  };

  return {
    get blocked() {
      return blocked;
    },
    async ready(deadline) {
      const late = (): Error =>
        unavailable(`${name}: no connection in time: ${textOf(lastError)}`, lastError);
      for (;;) {
        if (closing.signal.aborted) throw closed(name);
        try {
          return await before(deadline, (current ??= attempt()), late);
        } catch (error) {
          if (closing.signal.aborted) throw closed(name);
          if (isRefusal(error) || performance.now() >= deadline) throw asWfeError(error, placesOf(settings));
        }
      }
    },
    unblocked: () =>
      blocked === undefined ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve)),
    async close() {
      closing.abort();
      setBlocked(undefined);
      const model = open ?? (await current?.catch(() => undefined));
      if (model) await end(model, settings.commandTimeoutMs);
    },
  };
}

async function connectTo(url: string, settings: Settings): Promise<ChannelModel> {
  return await (settings.connect ?? connect)(url, settings.socket);
}

/** Closes it cleanly, or, where the server does not answer, without. */
async function end(model: ChannelModel, timeoutMs: number): Promise<void> {
  const late = (): Error => unavailable("the server did not answer to close");
  try {
    await before(deadlineIn(timeoutMs), model.close(), late);
  } catch (error) {
    const { stream } = model.connection as { readonly stream?: { destroy?(error: unknown): void } };
    stream?.destroy?.(error);
  }
}

function placesOf({ urls }: Settings): string {
  return urls.map(placeOf).join(", ");
}

function textOf(error: unknown): string {
  return error === undefined ? "no answer" : errorText(error);
}

function reasonOf(blocked: unknown): string {
  const reason = (blocked as { readonly reason?: unknown } | undefined)?.reason ?? blocked;
  return typeof reason === "string" ? reason : "no reason given";
}
