import type { Argument, Call } from "./call.ts";
import type { TypedValue } from "./backend.ts";
import { WfeError } from "./errors.ts";
import { JOIN_TASK } from "./compile.ts";
import { OURS, header } from "./headers.ts";
import { createSignature } from "./signature.ts";
import type { Signature, SignatureOptions } from "./signature.ts";
import { decodeValue, encodeValue } from "./values.ts";
import type { Typed, ValueType } from "./typed.ts";
import { Results, results } from "./workflow.ts";

/** Any function that can be a task. */
export type TaskFunction = (...args: never[]) => unknown;

export interface TaskOptions {
  /** A run that takes longer has failed, and its signal aborts. Default: no limit. */
  readonly timeoutMs?: number;
  /** The wire types of the parameters, so that 2, 2.5 and [] travel as one type; also checks how many there are. */
  readonly params?: readonly ValueType[];
  /** The wire type of the result (of each result, for `results(…)`). */
  readonly result?: ValueType | readonly ValueType[];
  /** Options of every signature made from it. */
  readonly defaults?: SignatureOptions;
}

/** A function with options, to be registered. */
export interface TaskDefinition<F extends TaskFunction = TaskFunction> {
  readonly run: F;
  readonly options: TaskOptions;
}

export type Registrable = TaskFunction | TaskDefinition;

/** Gives a function options before it is registered. */
export function defineTask<F extends TaskFunction>(run: F, options: TaskOptions): TaskDefinition<F> {
  return { run, options };
}

// Types of creators -----------------------------------------------------------------------------------------------

type FunctionOf<T> = T extends TaskDefinition<infer F> ? F : T extends TaskFunction ? T : never;
type ParamsOf<F> = F extends (...args: infer P) => unknown
  ? P extends readonly unknown[]
    ? P
    : never
  : never;
type ReturnOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A parameter takes its value, or the value with a stated wire type. */
type Stated<P extends readonly unknown[]> = { [K in keyof P]: P[K] | Typed<P[K]> };

/** The parameters that are left after `A` were given: one less for each, but `...rest` stays. */
type Rest<P extends readonly unknown[], A extends readonly unknown[]> = A extends readonly [
  unknown,
  ...infer AR,
]
  ? P extends readonly [unknown?, ...infer PR]
    ? Rest<PR, AR>
    : P
  : P;

/** Makes signatures of one task. */
export interface TaskCreator<P extends readonly unknown[] = readonly unknown[], R = unknown> {
  /** A call with all its arguments. */
  <A extends Stated<P>>(...args: A): Signature<Rest<P, A>, R>;
  /** A call that still misses arguments: the results of what comes before it are appended. */
  partial<A extends Partial<Stated<P>>>(...args: A): Signature<Rest<P, A>, R>;
  readonly taskName: string;
}

export type Creators<T> = {
  readonly [K in keyof T]: TaskCreator<ParamsOf<FunctionOf<T[K]>>, ReturnOf<FunctionOf<T[K]>>>;
};

/** A creator for a task of this name; `options` as it was registered, where that is known here. */
export function createCreator(taskName: string, options: TaskOptions = {}): TaskCreator {
  const { params, defaults = NO_OPTIONS } = options;
  const create = (...args: unknown[]): Signature<never> =>
    createSignature(taskName, encodeArguments(taskName, args, params), defaults);
  return Object.assign(create, { partial: create, taskName }) as unknown as TaskCreator;
}

const NO_OPTIONS: SignatureOptions = Object.freeze({});

/** Typed values of the arguments, in order. Throws `WFE_INVALID_VALUE` with the task, the place and the remedy. */
export function encodeArguments(
  taskName: string,
  args: readonly unknown[],
  params?: readonly ValueType[],
): readonly Argument[] {
  if (params && args.length > params.length) {
    throw new WfeError(
      "WFE_INVALID_VALUE",
      `${taskName}() declares ${params.length} parameters, got ${args.length}`,
    );
  }
  return args.map((value, index) => {
    const typed = encodeValue(value, { of: `${taskName}() argument`, index }, params?.[index]);
    return { name: "", ...typed };
  });
}

// The registry ----------------------------------------------------------------------------------------------------

export interface Registered {
  readonly name: string;
  readonly run: (...args: unknown[]) => unknown;
  readonly options: TaskOptions;
}

/** Adds tasks by name. Throws before any of them was added. */
export function addTasks(
  registry: Map<string, Registered>,
  tasks: Readonly<Record<string, Registrable>>,
): void {
  const added = Object.entries(tasks).map(([name, task]) => toRegistered(name, task));
  for (const { name } of added) {
    if (registry.has(name))
      throw new WfeError("WFE_DUPLICATE_TASK", `a task named ${name} is registered already`);
  }
  for (const task of added) registry.set(task.name, task);
}

function toRegistered(name: string, task: Registrable): Registered {
  if (name === "") throw new WfeError("WFE_INVALID_OPTION", "register(): a task's name must not be empty");
  const given = task as Registrable | null | undefined; // from JavaScript it may be anything
  const { run, options = {} } =
    typeof given === "function" ? { run: given } : ((given ?? {}) as Partial<TaskDefinition>);
  if (typeof run !== "function") {
    throw new WfeError("WFE_INVALID_OPTION", `register(): ${name} is no function`);
  }
  if (options.timeoutMs !== undefined && !(options.timeoutMs > 0 && options.timeoutMs < Infinity)) {
    throw new WfeError("WFE_INVALID_OPTION", `register(): timeoutMs of ${name} must be more than 0`);
  }
  return { name, run: run as Registered["run"], options };
}

/** Tasks that every worker knows. */
export const BUILT_IN: readonly Registered[] = [
  {
    name: JOIN_TASK,
    run: (...values) => (values.length === 1 && Array.isArray(values[0]) ? values[0] : results(...values)),
    options: {},
  },
];

// Arguments and results of a run ----------------------------------------------------------------------------------

/** The values a task is called with. Throws `WFE_INVALID_VALUE` when they do not fit what was declared. */
export function decodeArguments(task: Registered, call: Call): unknown[] {
  const args = call.args ?? [];
  checkArity(task, call, args.length);
  const { params } = task.options;
  return args.map((value, index) =>
    decodeValue(value, { of: `${task.name}() argument`, index }, params?.[index]),
  );
}

/**
 * A typed creator has had its arguments counted by the compiler, which knows optional parameters; JavaScript does
 * not. So only calls from elsewhere are counted, unless the parameters were declared.
 */
function checkArity(task: Registered, call: Call, given: number): void {
  const { params } = task.options;
  if (params) {
    if (given !== params.length) throw arityError(task, `${params.length}`, given);
    return;
  }
  const counted = header(call, OURS.sent) === undefined || header(call, OURS.untyped) !== undefined;
  if (counted && given < task.run.length) throw arityError(task, `at least ${task.run.length}`, given);
}

function arityError(task: Registered, wanted: string, given: number): WfeError {
  return new WfeError("WFE_INVALID_VALUE", `${task.name}() takes ${wanted} arguments, got ${given}`);
}

/** What a task returned, as it is stored: nothing for undefined, several for `results(…)`, else one. */
export function encodeResults(task: Registered, returned: unknown): readonly TypedValue[] {
  if (returned === undefined) return [];
  const declared = task.options.result;
  const values: readonly unknown[] = returned instanceof Results ? returned.values : [returned];
  return values.map((value, index) =>
    encodeValue(
      value,
      { of: `${task.name}() result`, index },
      typeof declared === "string" ? declared : declared?.[index],
    ),
  );
}

/** What `get()` answers: undefined for nothing, the value for one, an array for several. */
export function decodeResults(name: string, stored: readonly TypedValue[]): unknown {
  const one = stored[0];
  if (one === undefined) return undefined;
  if (stored.length === 1) return decodeValue(one, { of: `${name}() result`, index: 0 }, undefined, "bigint");
  return stored.map((value, index) =>
    decodeValue(value, { of: `${name}() result`, index }, undefined, "bigint"),
  );
}
