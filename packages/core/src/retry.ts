import type { Call } from "./call.ts";
import { WfeError } from "./errors.ts";
import { nextFibonacci } from "./fibonacci.ts";
import { OURS, header } from "./headers.ts";

/** How long to wait before the next run of a failed task. Plain data: it travels with the call. */
export type Backoff =
  | { readonly kind: "fibonacci" }
  | {
      readonly kind: "exponential";
      readonly baseMs: number;
      readonly maxMs: number;
      readonly jitter: boolean;
    };

/** machinery's ladder: 1, 2, 3, 5, 8 … seconds. The default. */
export function fibonacci(): Backoff {
  return { kind: "fibonacci" };
}

/** `baseMs`, doubled each time, at most `maxMs` (default 1 hour); `jitter` (default true) takes a random part of it off. */
export function exponential(options: { baseMs: number; maxMs?: number; jitter?: boolean }): Backoff {
  const { baseMs, maxMs = 3_600_000, jitter = true } = options;
  if (!(baseMs > 0) || !(maxMs >= baseMs) || maxMs === Infinity) {
    throw new WfeError(
      "WFE_INVALID_OPTION",
      `exponential(): baseMs ${baseMs} must be above 0 and at most maxMs ${maxMs}`,
    );
  }
  return { kind: "exponential", baseMs, maxMs, jitter };
}

/** Thrown by a task: run me again after `delayMs`, without using up a retry. Bounded by the server's `maxRetryLater`. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly delayMs: number;
  constructor(delayMs: number, message = `asked to run again in ${delayMs} ms`, options?: ErrorOptions) {
    super(message, options);
    if (!(delayMs >= 0 && delayMs < Infinity)) {
      throw new WfeError("WFE_INVALID_OPTION", `RetryLater: delayMs must be 0 or more, got ${delayMs}`);
    }
    this.delayMs = delayMs;
  }
}

/** Thrown by a task: do not run me again, whatever retries are left. */
export class PermanentFailure extends Error {
  override readonly name = "PermanentFailure";
}

/** The first error of this class in the chain of causes; a wrapped one counts (machinery misses it, D-85). */
export function findCause<E extends Error>(
  thrown: unknown,
  kind: new (...args: never[]) => E,
): E | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 10; error = error.cause, depth += 1) {
    if (error instanceof kind) return error;
  }
  return undefined;
}

/** The delay before the next run. Pure but for the jitter's `random` (0 ≤ random < 1). */
export function retryDelayMs(call: Call, attempt: number, random: () => number = Math.random): number {
  const backoff = backoffOf(call);
  if (backoff.kind === "fibonacci") return nextFibonacci(call.retryTimeoutS) * 1000;
  const full = Math.min(backoff.maxMs, backoff.baseMs * 2 ** attempt);
  return Math.round(backoff.jitter ? full / 2 + (random() * full) / 2 : full);
}

function backoffOf(call: Call): Backoff {
  const text = header(call, OURS.backoff);
  if (text === undefined) return { kind: "fibonacci" };
  const [kind, baseMs, maxMs, jitter] = text.split(" ");
  if (kind !== "exponential") return { kind: "fibonacci" };
  return { kind, baseMs: Number(baseMs), maxMs: Number(maxMs), jitter: jitter === "jitter" };
}

export function backoffHeader(backoff: Backoff | undefined): string | undefined {
  if (backoff?.kind !== "exponential") return undefined;
  return `exponential ${backoff.baseMs} ${backoff.maxMs}${backoff.jitter ? " jitter" : ""}`;
}
