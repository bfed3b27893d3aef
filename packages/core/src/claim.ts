import type { TaskState } from "./backend.ts";
import type { Call } from "./call.ts";
import type { Refusal } from "./advance.ts";
import type { Run } from "./run.ts";
import { judge, repeatRetry } from "./advance.ts";
import type { DeadReason } from "./deadletter.ts";
import { bury, failUnrun, republish } from "./aside.ts";
import { finish } from "./finish.ts";
import { OURS, attemptOf, withHeaders } from "./headers.ts";
import { isFinal } from "./order.ts";
import { stateOf } from "./runtime.ts";

/**
 * Step 4: saves STARTED for this run. Answers the call to run (a later attempt than the message says, on an ordered
 * queue), or undefined where the run was refused and the delivery has been dealt with.
 */
export async function claim(run: Run, message: Call): Promise<Call | undefined> {
  const { runtime, newToken } = run.station;
  const token = newToken();
  let call = message;
  let start = 1;
  let info: TaskState["info"];
  for (;;) {
    const state = stateOf(call, "STARTED", runtime, { start, run: token, info });
    const standing = await run.save(state);
    if (!standing) {
      run.state = state;
      run.call = call;
      return call;
    }
    if (retriesInPlace(run) && isAhead(standing, call)) {
      call = attemptThatStands(call, standing, runtime.clock.now());
      info = standing.info; // what is left: should this worker die, the next one needs it, too
      continue;
    }
    const { maxStarts } = runtime.settings;
    const refusal = judge(call, standing, {
      attempt: attemptOf(call),
      redelivered: run.delivery.redelivered,
      maxStarts,
    });
    if (refusal.act !== "claim") {
      await deal(run, call, standing, refusal);
      return undefined;
    }
    start = refusal.start;
    info = standing.info;
  }
}

/** On an ordered queue a retry is a release with a delay, so that order holds. */
export function retriesInPlace(run: Run): boolean {
  const { facts } = run.station.runtime.ports.broker;
  return facts.ordering === "key" && facts.delayedRelease;
}

/** The message of an ordered queue stays as it was sent: what stands tells which attempt it is at. */
function isAhead(standing: TaskState, call: Call): boolean {
  if (isFinal(standing.status)) return false;
  return standing.status === "RETRY" || (standing.attempt ?? 0) > attemptOf(call);
}

function attemptThatStands(call: Call, standing: TaskState, now: number): Call {
  if (standing.status === "RETRY") return repeatRetry(call, standing, now);
  return repeatRetry(call, { ...standing, attempt: (standing.attempt ?? 1) - 1 }, now);
}

type Refused = Exclude<Refusal, { readonly act: "claim" }>;

async function deal(run: Run, call: Call, standing: TaskState, refusal: Refused): Promise<void> {
  const { runtime, queue, beatMs } = run.station;
  const now = runtime.clock.now();
  switch (refusal.act) {
    case "drop":
      return run.ack();
    case "replay":
      await finish(run, call, standing);
      return isKept(call, standing) ? bury(run, deadReason(standing), standing.error, call) : run.ack();
    case "resend":
      await run.publish({ ...repeatRetry(call, standing, now), queue });
      return run.ack();
    case "probe":
      return republish(run, withHeaders(call, { [OURS.probe]: refusal.seen }), now + 3 * beatMs);
    case "lost":
      run.state = standing;
      return failUnrun(
        run,
        call,
        "WORKER_LOST",
        `${runtime.settings.maxStarts} runs of it lost their worker`,
      );
  }
}

/** A dead letter follows from it, too. */
function isKept(call: Call, standing: TaskState): boolean {
  return standing.status === "FAILURE" && (call.keepOnError || standing.info?.["dead"] !== undefined);
}

function deadReason(standing: TaskState): DeadReason {
  return (standing.info?.["dead"] as DeadReason | undefined) ?? "FAILED";
}
