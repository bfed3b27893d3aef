import type { Call } from "./call.ts";
import type { Compiled } from "./compile.ts";
import type { Runtime } from "./runtime.ts";
import type { Workflow } from "./workflow.ts";
import { compile } from "./compile.ts";
import { PublishError, isRetryable, toError } from "./errors.ts";
import { lastStart } from "./horizon.ts";
import { isFinal } from "./order.ts";
import { stateOf, unfinishedUntil } from "./runtime.ts";

/**
 * Sends a workflow under this id: groups and PENDING states are stored before anything is published. What was sent
 * before and has ended is not sent again. Rejects when something was not accepted, and sees to it that nothing of a
 * workflow runs of which a part can never run.
 */
export async function submit(node: Workflow, rootId: string, runtime: Runtime): Promise<void> {
  const compiled = compileNow(node, rootId, runtime.clock.now());
  if (compiled.groups.length > 0) await runtime.ports.createGroups(compiled.groups);
  const [head] = compiled.heads;
  if (head && compiled.calls.length === 1) return submitOne(head, compiled, runtime);
  for (const calls of slices(compiled.calls)) {
    if (await savePending(calls, rootId, runtime)) return;
  }
  for (const calls of slices(compiled.heads)) {
    const failures = await publishAll(calls, runtime);
    if (failures) await takeBack(compiled, failures, calls.length, runtime);
  }
}

/** A workflow that ends in less does so long before what is unfinished expires. */
const LATE_MS = 24 * 3_600_000;

function compileNow(node: Workflow, rootId: string, now: number): Compiled {
  const groupExpiresAt = unfinishedUntil(lastStart(node, now));
  const keepUntil = groupExpiresAt - unfinishedUntil(now) > LATE_MS ? groupExpiresAt : undefined;
  return compile(node, { rootId, now, groupExpiresAt, keepUntil });
}

/** The common case: one call, without the arrays and promises of many. */
async function submitOne(call: Call, compiled: Compiled, runtime: Runtime): Promise<void> {
  const standing = await runtime.ports.save(stateOf(call, "PENDING", runtime));
  if (standing && isFinal(standing.status)) return;
  try {
    await runtime.publish(call);
  } catch (error) {
    await takeBack(compiled, new Map([[0, toError(error)]]), 1, runtime);
  }
}

/** True: this workflow was sent before and has ended. */
async function savePending(calls: readonly Call[], rootId: string, runtime: Runtime): Promise<boolean> {
  const states = calls.map((call) => stateOf(call, "PENDING", runtime));
  const standing = await Promise.all(states.map((state) => runtime.ports.save(state)));
  return standing.some((state) => state?.id === rootId && isFinal(state.status));
}

/** Undefined: all were accepted. */
async function publishAll(
  calls: readonly Call[],
  runtime: Runtime,
): Promise<ReadonlyMap<number, Error> | undefined> {
  const failures = new Map<number, Error>();
  const publish = (call: Call, index: number): Promise<unknown> =>
    runtime.publish(call).catch((error: unknown) => failures.set(index, toError(error)));
  await Promise.all(calls.map(publish));
  return failures.size > 0 ? failures : undefined;
}

/** What was not accepted can never run; so that what was accepted does not run alone, all of it is settled. */
async function takeBack(
  compiled: Compiled,
  failures: ReadonlyMap<number, Error>,
  total: number,
  runtime: Runtime,
): Promise<never> {
  const [first] = failures.values();
  if (first && !isRetryable(first)) {
    const error = `not sent: ${first.message}`;
    const states = compiled.calls.map((call) => stateOf(call, "FAILURE", runtime, { error }));
    await Promise.allSettled(states.map((state) => runtime.ports.save(state)));
  }
  if (first && total === 1) throw first;
  throw new PublishError(failures, total);
}

/** So many calls of one workflow are under way at once: a large one is sent in bounded memory. */
const SLICE = 1000;

function slices<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= SLICE) return [items];
  return Array.from({ length: Math.ceil(items.length / SLICE) }, (_, index) =>
    items.slice(index * SLICE, (index + 1) * SLICE),
  );
}
