import type { Clock } from "./clock.ts";
import type { Call } from "./call.ts";
import type { Delivery, Message } from "./broker.ts";
import type { TaskContext } from "./context.ts";
import type { TaskState, TaskStatus, TypedValue } from "./backend.ts";
import { WfeError } from "./errors.ts";
import { emit } from "./events.ts";
import { OURS, attemptOf, headerNumber, sentAt, withHeaders } from "./headers.ts";
import type { Logger } from "./logger.ts";
import type { Around, Middleware } from "./middleware.ts";
import { around, compose } from "./middleware.ts";
import type { Ports } from "./ports.ts";
import type { Registered } from "./tasks.ts";
import { etaToMs, msToEta } from "./instant.ts";
import { encodeCall } from "./wire.ts";

/** What a server and its workers share. */
export interface Runtime {
  readonly ports: Ports;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tasks: ReadonlyMap<string, Registered>;
  readonly settings: Settings;
  readonly onError: ErrorHook;
  /** Wraps each delivery; undefined where no middleware does. */
  readonly aroundConsume: Around<Delivery, void> | undefined;
  /** Wraps each run. */
  readonly aroundRun: Around<TaskContext, unknown> | undefined;
  /** Publishes one call through the middleware. */
  readonly publish: (call: Call) => Promise<void>;
}

export interface Settings {
  readonly defaultQueue: string;
  readonly resultsExpireInMs: number;
  readonly maxStarts: number;
  readonly maxRetryLater: number;
  readonly unknownTaskLimitMs: number;
}

/** What is not finished is kept this long after it could first run. */
const UNFINISHED_MS = 7 * 24 * 3_600_000;

/** `task` and `id` are undefined where no task is to blame. */
export type ErrorHook = (
  error: Error,
  about: { readonly queue: string; readonly task?: string; readonly id?: string },
) => void;

/** The same hook, whose own errors never reach core. */
export function guardedHook(hook: ErrorHook | undefined): ErrorHook {
  return (error, about) => {
    try {
      hook?.(error, about);
    } catch {
      // it was told; what it does with that is its own
    }
  };
}

type Base = Pick<Runtime, "ports" | "clock" | "log" | "tasks" | "settings" | "onError">;

/** Puts the middleware around what it wraps. */
export function createRuntime(base: Base, middleware: readonly Middleware[]): Runtime {
  return {
    ...base,
    publish: createPublish(base, middleware),
    aroundConsume: around(middleware.map((one) => one.consume?.bind(one))),
    aroundRun: around(middleware.map((one) => one.run?.bind(one))),
  };
}

function createPublish(runtime: Base, middleware: readonly Middleware[]): (call: Call) => Promise<void> {
  const send = async (call: Call): Promise<void> => {
    const ready = dated(routed(call, runtime), runtime.clock.now());
    await runtime.ports.publish(toMessage(ready, runtime));
    const { id, name, queue } = ready;
    emit("published", () => ({ id, name, queue, attempt: attemptOf(ready) }));
  };
  const wrapped = compose(middleware.map((one) => one.publish?.bind(one)));
  return wrapped ? (call) => wrapped(call, send) : send;
}

function routed(call: Call, runtime: Base): Call {
  return call.queue === "" ? { ...call, queue: runtime.settings.defaultQueue } : call;
}

/** A delay counts from the moment the call is sent. */
function dated(call: Call, now: number): Call {
  const delayMs = headerNumber(call, OURS.delay, 0);
  if (delayMs === 0) return call;
  const at = Math.max(now + delayMs, call.eta === null ? 0 : etaToMs(call.eta));
  return { ...withHeaders(call, { [OURS.delay]: undefined }), eta: msToEta(at) };
}

/** The message that carries a call. Throws `WFE_TOO_LARGE`. */
function toMessage(call: Call, runtime: Base): Message {
  const { facts, name } = runtime.ports.broker;
  const body = encodeCall(call);
  if (body.length * 3 > facts.maxMessageBytes) {
    const bytes = Buffer.byteLength(body);
    if (bytes > facts.maxMessageBytes) {
      const text = `the call of ${call.name} (${call.id}) is ${bytes} bytes; ${name} carries ${facts.maxMessageBytes}`;
      throw new WfeError("WFE_TOO_LARGE", text);
    }
  }
  return {
    id: call.id,
    queue: call.queue,
    body,
    notBefore: call.eta === null ? undefined : hop(etaToMs(call.eta), runtime),
    priority: call.priority || undefined,
    orderingKey: call.orderingKey || undefined,
    headers: call.headers ?? undefined,
  };
}

/** As far towards `at` as one message can wait; undefined when it is due. */
function hop(at: number, runtime: Base): number | undefined {
  const now = runtime.clock.now();
  if (at <= now) return undefined;
  return Math.min(at, now + runtime.ports.broker.facts.maxDelayMs);
}

/** The record of a call in this status. */
export function stateOf(
  call: Call,
  status: TaskStatus,
  runtime: Pick<Runtime, "clock" | "settings">,
  more: Partial<Pick<TaskState, "start" | "beat" | "run" | "error" | "info">> & {
    readonly results?: readonly TypedValue[] | undefined;
  } = {},
): TaskState {
  const now = runtime.clock.now();
  return {
    id: call.id,
    name: call.name,
    status,
    attempt: attemptOf(call),
    start: more.start ?? 0,
    beat: more.beat ?? 0,
    run: more.run ?? "",
    results: more.results ?? NO_RESULTS,
    error: more.error ?? "",
    createdAt: sentAt(call, now),
    expiresAt: expiresAt(call, status, now, runtime.settings.resultsExpireInMs),
    info: more.info,
  };
}

const NO_RESULTS: readonly TypedValue[] = Object.freeze([]);

/** A member of an unfinished group keeps its result until the callback's arguments are built. */
function expiresAt(call: Call, status: TaskStatus, now: number, resultsExpireInMs: number): number {
  const final = status === "SUCCESS" || status === "FAILURE";
  if (final && !call.chordCallback) return now + resultsExpireInMs;
  const from = call.eta === null ? now : Math.max(now, etaToMs(call.eta));
  return Math.max(unfinishedUntil(from), headerNumber(call, OURS.until, 0));
}

export function unfinishedUntil(from: number): number {
  return from + UNFINISHED_MS;
}
