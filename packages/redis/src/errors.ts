import { WfeError, type WfeErrorCode, errorText } from "@wfe/core";

/** What a reply that begins with this word means to a program, and what a person can do about it. */
interface Meaning {
  readonly code: WfeErrorCode;
  readonly retryable: boolean;
  readonly advice: string;
}

function passing(advice: string): Meaning {
  return { code: "WFE_UNAVAILABLE", retryable: true, advice };
}

function lasting(code: WfeErrorCode, advice: string): Meaning {
  return { code, retryable: false, advice };
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  OOM: passing("the server's memory is full; raise maxmemory or let workers drain its queues"),
  READONLY: passing("this server is a replica; after a fail-over the new master is looked up again"),
  LOADING: passing("the server is still loading its data"),
  BUSY: passing("the server is busy with a script"),
  MASTERDOWN: passing("the replica has lost its master"),
  CLUSTERDOWN: passing("the cluster does not serve all of its slots"),
  TRYAGAIN: passing("the cluster is moving this slot"),
  NOREPLICAS: passing("too few replicas are connected"),
  MISCONF: passing("the server cannot save to its disk"),
  UNBLOCKED: passing("the server was demoted to a replica"),
  NOAUTH: passing("the server asks for a password: set one in the URL or the client's options"),
  WRONGPASS: passing("the server refuses this user or password"),
  NOPERM: passing("the ACL user may not do this: see the README for what @wfe/redis needs"),
  WRONGTYPE: lasting("WFE_MALFORMED", "something else has put a value of another type under this key"),
  MOVED: lasting(
    "WFE_INVALID_OPTION",
    "the server is part of a cluster: pass an ioredis Cluster as `client`",
  ),
  CROSSSLOT: lasting("WFE_INVALID_OPTION", "the server is a cluster: pass an ioredis Cluster as `client`"),
};

const UNKNOWN: Meaning = passing("the server refused it");
const LOST: Meaning = passing("the server does not answer, or the connection was lost");

/** Everything that ioredis rejects with, as a `WfeError` that says what happened, to what, and what to do. */
export function asWfeError(error: unknown, doing: string): WfeError {
  if (error instanceof WfeError) return error;
  const text = errorText(error);
  const { code, retryable, advice } = meaningOf(error, text);
  return new WfeError(code, `redis: ${doing}: ${text} (${advice})`, { cause: error, retryable });
}

/** The same for the text of an error that a script has caught. */
export function replyError(text: string, doing: string): WfeError {
  return asWfeError(Object.assign(new Error(text), { name: "ReplyError" }), doing);
}

function meaningOf(error: unknown, text: string): Meaning {
  // Inside of a script the reply may be wrapped: "ERR … user_script:1: WRONGTYPE Operation …".
  const word = /\b(?:-)?([A-Z]{3,})\b(?= )/g;
  for (const [, found = ""] of text.matchAll(word)) {
    const known = Object.hasOwn(MEANINGS, found) ? MEANINGS[found] : undefined;
    if (known) return known;
  }
  return error instanceof Error && error.name === "ReplyError" ? UNKNOWN : LOST;
}

export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

export function closed(what: string): WfeError {
  return new WfeError("WFE_CLOSED", `this ${what} was closed`);
}

export function aborted(what: string, signal: AbortSignal): WfeError {
  return new WfeError("WFE_ABORTED", `the call to the ${what} was aborted`, { cause: signal.reason });
}

export function leaseLost(why: string): WfeError {
  return new WfeError("WFE_LEASE_LOST", `the lease on this delivery was lost: ${why}`);
}
