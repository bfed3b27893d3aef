import { WfeError } from "./errors.ts";
import type { Node, Signature } from "./signature.ts";

/** Links that run one after the other; each takes the results of the one before it. */
export interface Chain<Missing extends readonly unknown[] = never, Result = unknown> extends Node<
  Missing,
  Result
> {
  readonly kind: "chain";
  readonly links: readonly Workflow[];
}

/** Members that run at once. Its result is the array of theirs, in declared order. */
export interface Group<
  Missing extends readonly unknown[] = never,
  Result = unknown,
  Appended = unknown,
> extends Node<Missing, Result> {
  readonly kind: "group";
  readonly members: readonly Workflow[];
  /** Never present at run time: what the next step takes. */
  readonly appended?: Appended;
}

/** A group and a callback that takes the members' results when all have succeeded. */
export interface Chord<Missing extends readonly unknown[] = never, Result = unknown> extends Node<
  Missing,
  Result
> {
  readonly kind: "chord";
  readonly group: Group<Missing>;
  readonly callback: Workflow;
}

/** A signature, chain, group or chord, nested as deep as you like. */
export type Workflow<M extends readonly unknown[] = never, R = unknown> =
  | Signature<M, R>
  | Chain<M, R>
  | Group<M, R>
  | Chord<M, R>;

/** Several results of one task: each is appended to the next step's arguments on its own. */
export class Results<T extends readonly unknown[] = readonly unknown[]> {
  readonly values: T;
  constructor(values: T) {
    this.values = values;
  }
}

/** Returned by a task: `results(x, y)` appends x and y to the arguments of the next step. */
export function results<const T extends readonly unknown[]>(...values: T): Results<Mutable<T>> {
  return new Results(values as Mutable<T>);
}
type Mutable<T extends readonly unknown[]> = { -readonly [K in keyof T]: Widen<T[K]> };
type Widen<T> = T extends number ? number : T extends string ? string : T extends boolean ? boolean : T;

// What types say about links ------------------------------------------------------------------------------------

type AnyWorkflow = Workflow<never, unknown>;
type IsAny<T> = 0 extends 1 & T ? true : false;

export type MissingOf<N> = N extends Node<infer M, unknown> ? M : never;
export type ResultOf<N> = N extends Node<never, infer R> ? R : never;

/** What a result looks like to whoever calls `get()`. */
export type Unwrapped<R> = R extends Results<infer T> ? T : R;

/** What a step's result appends to the next step's arguments. */
export type Appended<R> =
  IsAny<R> extends true
    ? any[] // oxlint-disable-line typescript/no-explicit-any -- an untyped signature fits anywhere
    : [R] extends [Results<infer T>]
      ? T
      : [R] extends [void | undefined]
        ? []
        : [R];

type AppendedBy<N> = N extends { readonly kind: "group"; readonly appended?: infer A }
  ? A
  : Appended<ResultOf<N>>;

type Fits<A, M> = A extends readonly unknown[]
  ? IsAny<A[number]> extends true
    ? true // whatever has no types may be anything
    : A extends M
      ? true
      : false
  : false;

/** The tuple itself where every link takes what the one before it gives; else a tuple that nothing fits. */
type Linked<N extends readonly unknown[]> = N extends readonly [infer A, infer B, ...infer Rest]
  ? Fits<AppendedBy<A>, MissingOf<B>> extends true
    ? readonly [A, ...Linked<readonly [B, ...Rest]>]
    : readonly [A, LinkError<AppendedBy<A>, MissingOf<B>>, ...Rest]
  : N;

/** Shown by the compiler where a link does not take what the one before it gives. */
export interface LinkError<Gives, Takes> {
  readonly "this link does not take what the one before it gives": {
    readonly gives: Gives;
    readonly takes: Takes;
  };
}

type First<N extends readonly unknown[]> = N extends readonly [infer A, ...unknown[]] ? A : N[number];
type Last<N extends readonly unknown[]> = N extends readonly [...unknown[], infer A] ? A : N[number];

type AllMissing<N extends readonly unknown[]> = N extends readonly []
  ? readonly unknown[]
  : (N[number] extends infer E ? (E extends unknown ? (m: MissingOf<E>) => void : never) : never) extends (
        m: infer M,
      ) => void
    ? M extends readonly unknown[]
      ? M
      : never
    : never;

type GroupResults<N extends readonly unknown[]> = { -readonly [K in keyof N]: Unwrapped<ResultOf<N[K]>> };

type GroupAppended<N extends readonly unknown[]> = N extends readonly []
  ? []
  : N extends readonly [infer A, ...infer Rest]
    ? [...AsTuple<Appended<ResultOf<A>>>, ...GroupAppended<Rest>]
    : AsTuple<Appended<ResultOf<N[number]>>>[number][];
type AsTuple<T> = T extends readonly unknown[] ? T : never;

// Builders ------------------------------------------------------------------------------------------------------

/** Runs the links one after the other. A link that does not take the results before it does not compile. */
export function chain<const N extends readonly AnyWorkflow[]>(
  ...links: N extends Linked<N> ? N : Linked<N>
): Chain<MissingOf<First<N>>, ResultOf<Last<N>>> {
  const nodes = links as readonly unknown[] as readonly Workflow[];
  if (nodes.length === 0) throw new WfeError("WFE_INVALID_WORKFLOW", "chain() needs at least one link");
  nodes.forEach((node, index) => checkNode(node, `chain() link ${index + 1}`));
  return Object.freeze({ kind: "chain" as const, links: Object.freeze([...nodes]) });
}

/** Runs the members at once. */
export function group<const N extends readonly AnyWorkflow[]>(
  ...members: N
): Group<AllMissing<N>, GroupResults<N>, GroupAppended<N>> {
  const nodes = members as readonly unknown[] as readonly Workflow[];
  nodes.forEach((node, index) => checkNode(node, `group() member ${index + 1}`));
  return Object.freeze({ kind: "group" as const, members: Object.freeze([...nodes]) });
}

/** Runs the group, then the callback with all members' results, in declared order, appended to its arguments. */
export function chord<M extends readonly unknown[], R, A, const C extends AnyWorkflow>(
  members: Group<M, R, A>,
  callback: Fits<A, MissingOf<C>> extends true ? C : LinkError<A, MissingOf<C>>,
): Chord<M, ResultOf<C>> {
  const node = callback as unknown as Workflow;
  checkNode(members, "chord() group");
  checkNode(node, "chord() callback");
  if (members.kind !== "group") throw new WfeError("WFE_INVALID_WORKFLOW", "chord() takes a group() first");
  return Object.freeze({ kind: "chord" as const, group: members, callback: node });
}

const KINDS: ReadonlySet<unknown> = new Set(["task", "chain", "group", "chord"]);

/** Throws `WFE_INVALID_WORKFLOW` for what is no node (a forgotten call, a promise, undefined). */
export function checkNode(node: unknown, where: string): void {
  if (KINDS.has((node as { kind?: unknown } | null | undefined)?.kind)) return;
  const hint = typeof node === "function" ? "; was the task called?" : "";
  throw new WfeError("WFE_INVALID_WORKFLOW", `${where} is ${describe(node)}, not a workflow${hint}`);
}

function describe(node: unknown): string {
  return node === null ? "null" : typeof node;
}
