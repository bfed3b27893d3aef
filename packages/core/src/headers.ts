import type { Call, Headers } from "./call.ts";
import { fibonacciStep } from "./fibonacci.ts";

/** What we add to a call and Go must carry along unchanged: strings in Headers. All names in one place. */
export const OURS = {
  /** Epoch ms when it was sent by us. */
  sent: "wfe-sent",
  /** Retries so far. */
  attempt: "wfe-attempt",
  /** How often RetryLater was used. */
  later: "wfe-later",
  /** "exponential <baseMs> <maxMs> [jitter]". */
  backoff: "wfe-backoff",
  timeout: "wfe-timeout",
  /** Wait this long (ms) when the step before it sends it. */
  delay: "wfe-delay",
  /** Takes nothing from what comes before it. */
  immutable: "wfe-immutable",
  /** Takes all results as one array. */
  collect: "wfe-collect",
  /** Its arguments were not checked by the compiler. */
  untyped: "wfe-untyped",
  /** "<since epoch ms> <copies>": no worker knew this task yet. */
  unknown: "wfe-unknown",
  /** Epoch ms until which its states are kept at least: some part of its workflow starts late. */
  until: "wfe-until",
  /** "<start> <beat>": a copy that looks whether the run it saw is still alive. */
  probe: "wfe-probe",
  /** The id it had before it was a dead letter. */
  dead: "wfe-dead",
} as const;

export function header(call: Call, name: string): string | undefined {
  const value = call.headers?.[name];
  return typeof value === "string" ? value : undefined;
}

/** A whole number in a header of ours; `fallback` where there is none or somebody broke it. */
export function headerNumber(call: Call, name: string, fallback: number): number {
  const text = header(call, name);
  const number = text === undefined ? NaN : Number(text);
  return Number.isSafeInteger(number) && number >= 0 ? number : fallback;
}

export function withHeaders(call: Call, more: Readonly<Record<string, string | undefined>>): Call {
  const headers: Record<string, unknown> = { ...call.headers };
  for (const [name, value] of Object.entries(more)) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  return { ...call, headers };
}

/** Retries so far. A call that only Go has retried has no number: its place on the ladder tells. */
export function attemptOf(call: Call): number {
  return headerNumber(call, OURS.attempt, fibonacciStep(call.retryTimeoutS));
}

/** When it was sent, as far as the call can tell. */
export function sentAt(call: Call, now: number): number {
  return headerNumber(call, OURS.sent, now);
}

/** Takes nothing from what comes before it. */
export function isImmutable(call: Call): boolean {
  return header(call, OURS.immutable) !== undefined;
}

/** Only what an application or tracer put there. */
export function foreignHeaders(headers: Headers | null): Headers {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !name.startsWith("wfe-")));
}
