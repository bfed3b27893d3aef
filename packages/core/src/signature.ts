import type { Argument, Headers } from "./call.ts";
import { WfeError } from "./errors.ts";
import type { Backoff } from "./retry.ts";

/** Carries the types of a workflow node; never present at run time. */
declare const types: unique symbol;

/**
 * What every node of a workflow has. `Missing` are the parameters still to be filled (by the results of what
 * comes before), `Result` is what `get()` of the sent node resolves to.
 */
export interface Node<Missing extends readonly unknown[] = never, Result = unknown> {
  readonly [types]?: { readonly missing: (missing: Missing) => void; readonly result: Result };
}

/** Frozen data that describes one call of a task: name, arguments, options, what follows it. */
export interface Signature<Missing extends readonly unknown[] = never, Result = unknown> extends Node<
  Missing,
  Result
> {
  readonly kind: "task";
  readonly name: string;
  readonly args: readonly Argument[];
  readonly options: SignatureOptions;
  /** A copy that takes all members' results of a group as one array. */
  set(options: SignatureOptions & { readonly collect: true }): Signature<Collected<Missing>, Result>;
  /** A copy that takes nothing from what comes before it. */
  set(options: SignatureOptions & { readonly immutable: true }): Signature<Immutable<Missing>, Result>;
  /** A copy with these options added. Throws `WFE_INVALID_OPTION` for a wrong one. */
  set(options: SignatureOptions): Signature<Missing, Result>;
}

/** Fits anywhere: its arguments are counted when it runs. */
// oxlint-disable-next-line typescript/no-explicit-any -- that is what untyped means
export type UntypedSignature = Signature<any, any>;

/** What one array parameter is an array of results of. An untyped parameter takes any. */
type Collected<M extends readonly unknown[]> = unknown extends M[0]
  ? readonly unknown[]
  : M extends readonly [(infer A extends readonly unknown[])?]
    ? A
    : never;
type Immutable<M extends readonly unknown[]> = [] extends M ? readonly unknown[] : [NeverFilled<M>];
/** Shown by the compiler for an immutable signature that misses arguments: nothing can give them. */
export interface NeverFilled<M> {
  readonly "immutable, so nothing fills these arguments": M;
}

export interface SignatureOptions {
  /** The task's id; the caller's to choose, unique for ever. Default: random. Sending it again repeats nothing.
   * Only for a call that is sent on its own: the parts of a workflow get theirs from the id of the whole. */
  readonly id?: string;
  /** Default: the server's default queue. */
  readonly queue?: string;
  /** Not before this moment (Date or epoch ms). A past one means at once. */
  readonly notBefore?: Date | number;
  /** Not before this long after it is sent: by the caller, or by the step before it. */
  readonly delayMs?: number;
  /** 0 (default) to 255, higher first, where the broker has priorities. */
  readonly priority?: number;
  /** Travel with the call, untouched. Names under `wfe-` are reserved. */
  readonly headers?: Headers;
  /** Takes nothing from what comes before it. */
  readonly immutable?: boolean;
  /** As a chord's callback: takes all results as one array. */
  readonly collect?: boolean;
  /** How often it is run again after a failure. Default 0. */
  readonly retries?: number;
  /** How long to wait between runs. Default: machinery's Fibonacci ladder, 1, 2, 3, 5, 8 … seconds. */
  readonly backoff?: Backoff;
  /** The ladder starts above this many seconds (machinery's RetryTimeout). Default 0. */
  readonly retryTimeoutS?: number;
  /** A run that takes longer has failed. Default: as the task was registered. */
  readonly timeoutMs?: number;
  /** Run when it succeeded, with its results appended. */
  readonly onSuccess?: readonly Signature<never, unknown>[];
  /** Run when it failed for good, with the error text put before their arguments. */
  readonly onError?: readonly Signature<never, unknown>[];
  /** Calls of one key run in order, where the broker has ordered queues. */
  readonly orderingKey?: string;
  /** Keep it as a dead letter when it failed for good. */
  readonly keepOnError?: boolean;
  /** Drop it where it arrives at a worker that does not know it. Default: wait for one that does. */
  readonly ignoreWhenNotRegistered?: boolean;
  /** What the call was made from has no types: arguments are counted when it runs. */
  readonly untyped?: boolean;
}

/** A signature from its parts. Throws `WFE_INVALID_OPTION`. */
export function createSignature<M extends readonly unknown[], R>(
  name: string,
  args: readonly Argument[],
  options: SignatureOptions,
): Signature<M, R> {
  checkOptions(name, options);
  const signature = {
    kind: "task" as const,
    name,
    args,
    options,
    set: (more: SignatureOptions): never => createSignature(name, args, mergeOptions(options, more)) as never,
  };
  return Object.freeze(signature);
}

function mergeOptions(before: SignatureOptions, more: SignatureOptions): SignatureOptions {
  if (!before.headers || !more.headers) return { ...before, ...more };
  return { ...before, ...more, headers: { ...before.headers, ...more.headers } };
}

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isWhole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isDuration: Check = (value) => typeof value === "number" && value >= 0 && value < Infinity;
const isMoment: Check = (value) => isDuration(value instanceof Date ? value.getTime() : value);
const isCalls: Check = (value) =>
  Array.isArray(value) &&
  value.every((item: unknown) => (item as Partial<Signature> | null)?.kind === "task");

const CHECKS: Record<keyof SignatureOptions, readonly [Check, string]> = {
  id: [isText, "a non-empty string"],
  queue: [isText, "a non-empty string"],
  notBefore: [isMoment, "a valid Date or epoch milliseconds"],
  delayMs: [isDuration, "milliseconds, 0 or more"],
  priority: [(value) => isWhole(value) && (value as number) <= 255, "a whole number from 0 to 255"],
  headers: [isHeaders, "an object without names that start with wfe-"],
  immutable: [isFlag, "true or false"],
  collect: [isFlag, "true or false"],
  retries: [isWhole, "a whole number, 0 or more"],
  backoff: [(value) => typeof value === "object" && value !== null, "fibonacci() or exponential()"],
  retryTimeoutS: [isWhole, "whole seconds, 0 or more"],
  timeoutMs: [(value) => isDuration(value) && (value as number) > 0, "milliseconds, more than 0"],
  onSuccess: [isCalls, "an array of signatures"],
  onError: [isCalls, "an array of signatures"],
  orderingKey: [isText, "a non-empty string"],
  keepOnError: [isFlag, "true or false"],
  ignoreWhenNotRegistered: [isFlag, "true or false"],
  untyped: [isFlag, "true or false"],
};

function isHeaders(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !Object.keys(value).some((key) => key.startsWith("wfe-"))
  );
}

function checkOptions(task: string, options: SignatureOptions): void {
  for (const key in options) {
    const value = options[key as keyof SignatureOptions];
    const check = CHECKS[key as keyof SignatureOptions] as readonly [Check, string] | undefined;
    if (!check) throw invalid(task, `${key} is not an option; there are: ${Object.keys(CHECKS).join(", ")}`);
    if (value !== undefined && !check[0](value))
      throw invalid(task, `${key} must be ${check[1]}, got ${show(value)}`);
  }
}

function invalid(task: string, text: string): WfeError {
  return new WfeError("WFE_INVALID_OPTION", `signature of ${task}: ${text}`);
}

function show(value: unknown): string {
  return typeof value === "number" || typeof value === "string" || typeof value === "boolean"
    ? JSON.stringify(value)
    : `a ${typeof value}`;
}
