import { WfeError, type WfeErrorCode, errorText } from "@wfe/core";

/** What one of AMQP's reply codes means to a program, and what a person can do about it. */
interface Meaning {
  readonly code: WfeErrorCode;
  readonly advice: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  403: { code: "WFE_UNAVAILABLE", advice: "the server refuses this user, password or permission" },
  404: { code: "WFE_UNAVAILABLE", advice: "what it names is not on the server" },
  405: { code: "WFE_UNAVAILABLE", advice: "another connection has this queue for itself" },
  406: {
    code: "WFE_INVALID_OPTION",
    advice: "it exists with other properties: give the same options everywhere, or delete it",
  },
  530: { code: "WFE_UNAVAILABLE", advice: "there is no such virtual host, or this user may not use it" },
};

const PASSING: Meaning = {
  code: "WFE_UNAVAILABLE",
  advice: "the server does not answer, or the connection was lost",
};

/** Everything that amqplib rejects with, as a `WfeError` that says what happened, to what, and what to do. */
export function asWfeError(error: unknown, doing: string): WfeError {
  if (error instanceof WfeError) return error;
  const { code, advice } = MEANINGS[replyCode(error)] ?? PASSING;
  return new WfeError(code, `amqp: ${doing}: ${errorText(error)} (${advice})`, { cause: error });
}

/** True where waiting will not help by itself: wrong password, virtual host, permission or arguments. */
export function isRefusal(error: unknown): boolean {
  const raw = error instanceof WfeError ? error.cause : error;
  return ["403", "405", "406", "530"].includes(replyCode(raw));
}

export function isNotFound(error: unknown): boolean {
  return replyCode(error instanceof WfeError ? error.cause : error) === "404";
}

/** "Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) …", and an error of the handshake or a channel alike. */
function replyCode(error: unknown): string {
  // amqplib does not tell what the server answers to the name of a virtual host, but it has no other reason to close.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(errorText(error))) return "530";
  return /\b([345]\d\d) \([A-Z-]+\)/.exec(errorText(error))?.[1] ?? "";
}

/** The size that the server complains about, where it closed the channel because of a message's size. */
export function refusedSize(error: unknown): number | undefined {
  const found = /message size (\d+) is larger/.exec(errorText(error))?.[1];
  return found === undefined ? undefined : Number(found);
}

export function closed(what: string): WfeError {
  return new WfeError("WFE_CLOSED", `this ${what} was closed`);
}

export function aborted(what: string, signal: AbortSignal): WfeError {
  return new WfeError("WFE_ABORTED", `the call to the ${what} was aborted`, { cause: signal.reason });
}

export function unavailable(why: string, cause?: unknown): WfeError {
  return new WfeError("WFE_UNAVAILABLE", `amqp: ${why}`, { cause });
}

/** Of deliveries whose channel is gone: the server gives them to others. */
export function leaseLost(cause: unknown): WfeError {
  const text = errorText(cause ?? "the channel was closed");
  const advice = /delivery acknowledgement .*timed out/i.test(text)
    ? "; tasks that run longer than the server's consumer_timeout need a longer one there"
    : "";
  return new WfeError("WFE_LEASE_LOST", `the lease on this delivery was lost: ${text}${advice}`, { cause });
}
