import type { TaskState } from "./backend.ts";
import type { Call } from "./call.ts";
import type { Verdict } from "./advance.ts";
import type { Run } from "./run.ts";
import { retryInfo } from "./advance.ts";
import { bury } from "./aside.ts";
import { retriesInPlace } from "./claim.ts";
import { TaskError, errorText } from "./errors.ts";
import { emit } from "./events.ts";
import { finish } from "./finish.ts";
import { attemptOf } from "./headers.ts";
import { isFinal } from "./order.ts";
import { Abandoned } from "./run.ts";
import { stateOf } from "./runtime.ts";

type Retry = Extract<Verdict, { readonly kind: "retry" }>;
type Final = Exclude<Verdict, Retry>;

/** Step 7: store, then publish, then ack. */
export async function conclude(run: Run, call: Call, verdict: Verdict, durationMs: number): Promise<void> {
  run.over = true;
  if (verdict.kind === "retry") return concludeRetry(run, call, verdict, durationMs);
  const state = await storeFinal(run, call, verdict);
  if (!isFinal(state.status)) return run.ack(); // fenced: a later run owns what follows
  await finish(run, call, state);
  tell(run, call, state, durationMs);
  if (state.status === "FAILURE" && call.keepOnError) return bury(run, "FAILED", state.error, call);
  await run.ack();
}

/** What stands in the end. A result that cannot be stored is a failure that can. */
async function storeFinal(run: Run, call: Call, verdict: Final): Promise<TaskState> {
  const { start, run: token, info } = run.state as TaskState;
  const status = verdict.kind === "success" ? "SUCCESS" : "FAILURE";
  const more = verdict.kind === "success" ? { results: verdict.results } : { error: verdict.error };
  const state = stateOf(call, status, run.station.runtime, { start: start ?? 1, run: token, info, ...more });
  try {
    return (await run.save(state)) ?? state;
  } catch (error) {
    if (error instanceof Abandoned || verdict.kind === "failure") throw error;
    return storeFinal(run, call, {
      kind: "failure",
      error: `its result could not be stored: ${errorText(error)}`,
    });
  }
}

function tell(run: Run, call: Call, state: TaskState, durationMs: number): void {
  const { runtime, queue } = run.station;
  const event = { id: call.id, name: call.name, queue, attempt: attemptOf(call), durationMs };
  if (state.status === "SUCCESS") return emit("succeeded", () => event);
  runtime.log.error({ taskId: call.id, task: call.name, queue }, `task failed: ${state.error}`);
  runtime.onError(new TaskError(call.id, call.name, state.error), { queue, task: call.name, id: call.id });
  emit("failed", () => ({ ...event, error: state.error }));
}

async function concludeRetry(run: Run, call: Call, verdict: Retry, durationMs: number): Promise<void> {
  const { error, delayMs, copy } = verdict;
  const { runtime, queue } = run.station;
  const { start, run: token } = run.state as TaskState;
  const info = retryInfo(copy, runtime.clock.now() + delayMs);
  const lasting = { ...call, eta: copy.eta }; // its state must outlive the wait
  const state = stateOf(lasting, "RETRY", runtime, { start: start ?? 1, run: token, error, info });
  const standing = await run.save(state);
  if (standing) return run.ack(); // fenced or revoked: whoever did it owns what follows
  runtime.log.info({ taskId: call.id, task: call.name, queue, delayMs }, `task will be run again: ${error}`);
  emit("retried", () => ({
    id: call.id,
    name: call.name,
    queue,
    attempt: attemptOf(call),
    error,
    durationMs,
  }));
  if (retriesInPlace(run)) return run.release({ delayMs });
  await run.publish({ ...copy, queue });
  await run.ack();
}
