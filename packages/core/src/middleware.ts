import type { Delivery } from "./broker.ts";
import type { Call } from "./call.ts";
import type { TaskContext } from "./context.ts";

/**
 * One feature around the three things that happen to a task. The first in the list is the outermost.
 *
 * - `publish` around each call that is sent, by a client or by a worker; hand a changed call to `next` to change it.
 * - `consume` around each delivery, before it is decoded. Waiting here holds the delivery back.
 * - `run` around the task's function, inside of its context; what it returns is the result.
 */
export interface Middleware {
  publish?(call: Call, next: (call: Call) => Promise<void>): Promise<void>;
  consume?(delivery: Delivery, next: () => Promise<void>): Promise<void>;
  run?(task: TaskContext, next: () => Promise<unknown>): Promise<unknown>;
}

type Step<C, R> = (subject: C, next: (subject: C) => Promise<R>) => Promise<R>;

/** One function out of many, or undefined where there is nothing to wrap (the common case costs nothing). */
export function compose<C, R>(steps: readonly (Step<C, R> | undefined)[]): Step<C, R> | undefined {
  const present = steps.filter((step) => step !== undefined);
  if (present.length === 0) return undefined;
  return present.reduceRight(
    (inner, outer) => (subject, next) => outer(subject, (changed) => inner(changed, next)),
  );
}

/** Goes around something that is not changed on its way in. */
export type Around<C, R> = (subject: C, body: () => Promise<R>) => Promise<R>;

export function around<C, R>(steps: readonly (Around<C, R> | undefined)[]): Around<C, R> | undefined {
  return compose<C, R>(steps.map((step) => step && ((subject, next) => step(subject, () => next(subject)))));
}
