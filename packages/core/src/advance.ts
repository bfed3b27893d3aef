import type { TaskState, TypedValue } from "./backend.ts";
import type { Argument, Call } from "./call.ts";
import { JOIN_TASK } from "./compile.ts";
import { errorText } from "./errors.ts";
import { OURS, attemptOf, header, headerNumber, isImmutable, withHeaders } from "./headers.ts";
import { PermanentFailure, RetryLater, findCause, retryDelayMs } from "./retry.ts";
import { msToEta } from "./instant.ts";

// The pure half of a delivery: what follows from what. No I/O, no clock.

/** How a run ended. */
export type Ending =
  | { readonly kind: "returned"; readonly results: readonly TypedValue[] }
  | { readonly kind: "threw"; readonly thrown: unknown };

/** What is to be stored. */
export type Verdict =
  | { readonly kind: "success"; readonly results: readonly TypedValue[] }
  | { readonly kind: "failure"; readonly error: string }
  | { readonly kind: "retry"; readonly error: string; readonly delayMs: number; readonly copy: Call };

export interface Limits {
  readonly now: number;
  readonly maxRetryLater: number;
  readonly random?: (() => number) | undefined;
}

/** Final, or once more? */
export function decide(call: Call, ending: Ending, limits: Limits): Verdict {
  if (ending.kind === "returned") return { kind: "success", results: ending.results };
  const { thrown } = ending;
  const error = errorText(thrown);
  if (findCause(thrown, PermanentFailure)) return { kind: "failure", error };
  const later = findCause(thrown, RetryLater);
  if (later) return decideLater(call, later, error, limits);
  if (call.retryCount <= 0) return { kind: "failure", error };
  const delayMs = retryDelayMs(call, attemptOf(call), limits.random);
  return { kind: "retry", error, delayMs, copy: retryCopy(call, delayMs, limits.now) };
}

function decideLater(call: Call, later: RetryLater, error: string, limits: Limits): Verdict {
  const used = headerNumber(call, OURS.later, 0);
  if (used >= limits.maxRetryLater) {
    return {
      kind: "failure",
      error: `asked to run later more than ${limits.maxRetryLater} times; last: ${error}`,
    };
  }
  const next = nextAttempt(call, later.delayMs, limits.now);
  const copy = withHeaders(next, { [OURS.later]: String(used + 1) });
  return { kind: "retry", error, delayMs: later.delayMs, copy };
}

function retryCopy(call: Call, delayMs: number, now: number): Call {
  const next = nextAttempt(call, delayMs, now);
  return { ...next, retryCount: call.retryCount - 1, retryTimeoutS: Math.ceil(delayMs / 1000) };
}

function nextAttempt(call: Call, delayMs: number, now: number): Call {
  const more = {
    [OURS.attempt]: String(attemptOf(call) + 1),
    [OURS.probe]: undefined,
    [OURS.unknown]: undefined,
  };
  return { ...withHeaders(call, more), eta: msToEta(now + delayMs) };
}

/** What a RETRY state remembers, so that its copy can be made again from any copy of the call. */
export function retryInfo(copy: Call, nextAt: number): Readonly<Record<string, unknown>> {
  return {
    nextAt,
    left: copy.retryCount,
    timeoutS: copy.retryTimeoutS,
    later: headerNumber(copy, OURS.later, 0),
  };
}

/** The copy that a standing RETRY state announced. machinery's RETRY remembers nothing: due at once then. */
export function repeatRetry(call: Call, standing: TaskState, now: number): Call {
  const {
    nextAt = now,
    left = call.retryCount - 1,
    timeoutS = call.retryTimeoutS,
    later = 0,
  } = standing.info ?? {};
  const headers = {
    [OURS.attempt]: String((standing.attempt ?? attemptOf(call)) + 1),
    [OURS.later]: Number(later) > 0 ? String(later) : undefined,
    [OURS.probe]: undefined,
    [OURS.unknown]: undefined,
  };
  const copy = {
    ...call,
    retryCount: Number(left),
    retryTimeoutS: Number(timeoutS),
    eta: msToEta(Number(nextAt)),
  };
  return withHeaders(copy, headers);
}

/** The calls that a final state sets off. Always derived from the state that stands. */
export function followUps(call: Call, state: TaskState): readonly Call[] {
  if (state.status !== "SUCCESS") return errorCalls(call, state.error);
  return (call.onSuccess ?? []).map((next) =>
    call.immutable || isImmutable(next) ? next : appendResults(next, state.results),
  );
}

/** The error callbacks, with the text before their arguments. */
export function errorCalls(call: Call, error: string): readonly Call[] {
  const text: Argument = { name: "", type: "string", value: error };
  return (call.onError ?? []).map((next) => ({ ...next, args: [text, ...(next.args ?? [])] }));
}

/** A chord's callback with the results of all members, in declared order. */
export function callbackWith(callback: Call, members: readonly TaskState[]): Call {
  if (callback.immutable || isImmutable(callback)) return callback;
  const results = members.map((member) => member.results);
  const joins = callback.name === JOIN_TASK && header(callback, OURS.collect) !== undefined;
  return appendResults(callback, joins ? results.map(oneOf) : results.flat());
}

/** What a join has of one member: its place in the array is its own, whatever it returned. */
function oneOf(results: readonly TypedValue[]): TypedValue {
  const [only = NOTHING, ...more] = results;
  return more.length === 0 ? only : { type: "json", value: results.map((result) => result.value) };
}

const NOTHING: TypedValue = { type: "json", value: null };

/** Above this many, results are always handed over as one array: JavaScript cannot spread 125,000. */
const MAX_SPREAD = 10_000;

function appendResults(call: Call, results: readonly TypedValue[]): Call {
  const collect = header(call, OURS.collect) !== undefined || results.length > MAX_SPREAD;
  const added = collect ? [collected(results)] : results.map((value) => ({ name: "", ...value }));
  return added.length === 0 ? call : { ...call, args: [...(call.args ?? []), ...added] };
}

/** One array out of many results: a slice where they are of one scalar type, else JSON. */
function collected(results: readonly TypedValue[]): Argument {
  const value = results.map((result) => result.value);
  const first = results[0];
  const plain = first && !first.type.startsWith("[]") && first.type !== "json";
  const alike = plain && results.every((result) => result.type === first.type && result.as === first.as);
  if (!alike) return { name: "", type: "json", value };
  return { name: "", type: `[]${first.type}`, value, ...(first.as ? { as: first.as } : {}) };
}

/** Everything that can no longer run because this call failed, each once. */
export function doomed(call: Call): readonly Call[] {
  const found = new Map<string, Call>();
  const open: Call[] = [...after(call)];
  for (let next = open.pop(); next; next = open.pop()) {
    if (found.has(next.id)) continue;
    found.set(next.id, next);
    open.push(...after(next));
  }
  return [...found.values()];
}

function after(call: Call): readonly Call[] {
  const links = call.onSuccess ?? [];
  return call.chordCallback ? [...links, call.chordCallback] : links;
}

/** What a call says that can no longer run, for people. */
export function causeText(cause: { readonly name: string; readonly id: string }, error: string): string {
  return `${cause.name} (${cause.id}) failed: ${error}`;
}

/** The claim on a delivery was refused: what to do, by what stands. */
export type Refusal =
  | { readonly act: "drop" } // a stale or second copy
  | { readonly act: "replay" } // final: do what follows from it again
  | { readonly act: "resend" } // RETRY: publish its copy again
  | { readonly act: "claim"; readonly start: number } // the earlier run is over: fence it
  | { readonly act: "probe"; readonly seen: string } // cannot tell: look again later
  | { readonly act: "lost" }; // too many runs have died

export interface Sighting {
  readonly attempt: number;
  readonly redelivered: boolean | undefined;
  readonly maxStarts: number;
}

/** Judges what stands in the way of a run (design: delivery step 4). */
export function judge(call: Call, standing: TaskState, sighting: Sighting): Refusal {
  const { attempt, redelivered, maxStarts } = sighting;
  const isCopy = redelivered === false;
  if (standing.status === "SUCCESS" || standing.status === "FAILURE" || standing.status === "REVOKED") {
    return { act: isCopy ? "drop" : "replay" };
  }
  if ((standing.attempt ?? attempt) > attempt) return { act: "drop" };
  if (standing.status === "RETRY") return { act: "resend" };
  const start = (standing.start ?? 1) + 1;
  const seen = `${standing.start ?? 1} ${standing.beat}`;
  if (isCopy) return { act: "drop" };
  if (redelivered === undefined && header(call, OURS.probe) !== seen) return { act: "probe", seen };
  const released = Number(standing.info?.["released"] ?? 0);
  return start - released > maxStarts ? { act: "lost" } : { act: "claim", start };
}
