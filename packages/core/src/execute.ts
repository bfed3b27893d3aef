import type { TaskState } from "./backend.ts";
import type { Call } from "./call.ts";
import type { Ending } from "./advance.ts";
import type { Run } from "./run.ts";
import type { Registered } from "./tasks.ts";
import { RunContext, runInContext } from "./context.ts";
import { WfeError, errorText } from "./errors.ts";
import { OURS, headerNumber } from "./headers.ts";
import { PermanentFailure } from "./retry.ts";
import { Abandoned } from "./run.ts";
import { decodeArguments, encodeResults } from "./tasks.ts";

/** Step 5: runs the task in its context, with its time limit. Rejects only with `Abandoned`. */
export async function execute(run: Run, call: Call, task: Registered): Promise<Ending> {
  const { runtime } = run.station;
  const limitMs = headerNumber(call, OURS.timeout, task.options.timeoutMs ?? 0);
  const tooLong = (): void => run.interrupt(timeoutError(call, limitMs));
  const stopLimit = limitMs > 0 ? runtime.clock.after(limitMs, tooLong) : undefined;
  const stopBeat = runtime.ports.broker.facts.tellsRedelivery ? undefined : beat(run);
  try {
    const args = permanently(() => decodeArguments(task, call));
    const returned = await run.follow(() => start(run, call, task, args));
    return { kind: "returned", results: permanently(() => encodeResults(task, returned)) };
  } catch (thrown) {
    if (thrown instanceof Abandoned) throw thrown;
    return { kind: "threw", thrown };
  } finally {
    stopLimit?.();
    stopBeat?.();
  }
}

function timeoutError(call: Call, ms: number): WfeError {
  return new WfeError("WFE_TIMEOUT", `${call.name} (${call.id}) ran longer than its limit of ${ms} ms`);
}

/** Values that cannot be carried are the same in the next run: it would be of no use. */
function permanently<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new PermanentFailure(errorText(error), { cause: error });
  }
}

function start(run: Run, call: Call, task: Registered, args: unknown[]): unknown {
  const { aroundRun } = run.station.runtime;
  const context = new RunContext(run, call, keepProgress);
  const beganAt = performance.now();
  const returned = runInContext(context, () =>
    aroundRun ? aroundRun(context, async () => task.run(...args)) : task.run(...args),
  );
  const blockedMs = performance.now() - beganAt;
  if (blockedMs > BLOCKED_MS) tellBlocked(run, call, blockedMs);
  return returned;
}

/** While a task computes, no heartbeat of any lease goes out. */
const BLOCKED_MS = 1000;

function tellBlocked(run: Run, call: Call, ms: number): void {
  const fields = { taskId: call.id, task: call.name, queue: run.station.queue, blockedMs: Math.round(ms) };
  run.station.runtime.log.warn(fields, `${call.name} has blocked the event loop for ${fields.blockedMs} ms`);
}

/** Renews the state of a long run, so that others can see it is alive. Answers how to stop. */
function beat(run: Run): () => void {
  const { runtime, beatMs } = run.station;
  let cancel = (): void => {};
  const arm = (): void => {
    cancel = runtime.clock.after(beatMs, () => {
      void renew(run, run.state?.info);
      arm();
    });
  };
  arm();
  return () => cancel();
}

/** Saves STARTED again with a higher beat. Never rejects: the next one may succeed. */
async function renew(run: Run, info: TaskState["info"]): Promise<void> {
  if (!run.state || run.over || run.abandoned) return;
  const { ports, log } = run.station.runtime;
  run.state = { ...run.state, beat: run.state.beat + 1, info };
  try {
    const standing = await ports.save(run.state);
    if (standing)
      run.abandon(new WfeError("WFE_LEASE_LOST", `it is ${standing.status} by somebody else's hand`));
  } catch (error) {
    log.warn({ err: error, taskId: run.state.id }, "could not renew the state of a running task");
  }
}

const PROGRESS_EVERY_MS = 100;

/** Keeps the latest value with the state, at most every so often. */
function keepProgress(run: Run, value: unknown): void {
  const waiting = run.progress !== undefined;
  run.progress = { value };
  if (waiting) return;
  const store = (): void => {
    const latest = run.progress?.value;
    run.progress = undefined;
    void renew(run, { ...run.state?.info, progress: latest });
  };
  run.station.runtime.clock.after(PROGRESS_EVERY_MS, store, { background: true });
}
