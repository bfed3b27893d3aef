import type { Call } from "./call.ts";
import type { DeadReason } from "./deadletter.ts";
import type { Run } from "./run.ts";
import { deadMessage } from "./deadletter.ts";
import { emit } from "./events.ts";
import { finish } from "./finish.ts";
import { OURS, attemptOf, header, withHeaders } from "./headers.ts";
import { randomId } from "./id.ts";
import { msToEta } from "./instant.ts";
import { isFinal } from "./order.ts";
import { stateOf } from "./runtime.ts";

// What cannot run here is put aside: a copy for later, or a dead letter. Nothing is ever dropped in silence.

/** A copy that is delivered again at `at`; then the delivery in hand is acked. */
export async function republish(run: Run, call: Call, at: number): Promise<void> {
  await run.publish({ ...call, queue: run.station.queue, eta: msToEta(at) });
  await run.ack();
}

/** Puts the delivery aside as a dead letter, with the reason. */
export async function bury(run: Run, reason: DeadReason, error: string, call?: Call): Promise<void> {
  const { runtime, queue } = run.station;
  const { ports, clock, log } = runtime;
  const id = call?.id || `unknown_${randomId()}`;
  const message = deadMessage({ id, queue, reason, error, at: clock.now(), body: run.delivery.body }, ports);
  await run.patiently("publish a dead letter", () => ports.publish(message));
  log.error({ taskId: id, task: call?.name, queue, reason }, `put aside as a dead letter: ${error}`);
  const attempt = call ? attemptOf(call) : 0;
  emit("dead-lettered", () => ({ id, name: call?.name ?? "", queue, attempt, error }));
  await run.ack();
}

/** FAILURE and all that follows from it, and a dead letter, for a call that did not get to run. */
export async function failUnrun(run: Run, call: Call, reason: DeadReason, error: string): Promise<void> {
  await settleUnrun(run, call, error, reason);
  await bury(run, reason, error, call);
}

/** `dead`: a dead letter follows, which whoever finds this state after a crash must write, too. */
async function settleUnrun(run: Run, call: Call, error: string, dead?: DeadReason): Promise<void> {
  const start = (run.state?.start ?? 0) + 1;
  const state = stateOf(call, "FAILURE", run.station.runtime, {
    error,
    start,
    ...(dead && { info: { dead } }),
  });
  const standing = await run.save(state);
  if (!standing || isFinal(standing.status)) await finish(run, call, standing ?? state);
}

/** Its sender does not care where nobody knows the task; whoever waits for it, or for its group, hears of it. */
async function dropUnknown(run: Run, call: Call): Promise<void> {
  await settleUnrun(
    run,
    call,
    `dropped: ${call.name} is not registered with a worker of ${run.station.queue}`,
  );
  await run.ack();
}

const UNKNOWN_PAUSE_MS = { first: 500, most: 60_000 };

/** No such task here: perhaps another worker of this queue knows it. Bounded by time, never a hot loop. */
export async function postponeUnknown(run: Run, call: Call): Promise<void> {
  if (call.ignoreWhenNotRegistered) return dropUnknown(run, call);
  const { runtime, queue } = run.station;
  const limitMs = runtime.ports.broker.facts.immediate ? 0 : runtime.settings.unknownTaskLimitMs;
  const now = runtime.clock.now();
  const [since = now, copies = 0] = (header(call, OURS.unknown) ?? "").split(" ").filter(Boolean).map(Number);
  if (now - since >= limitMs) {
    return failUnrun(
      run,
      call,
      "UNREGISTERED",
      `no worker on ${queue} has registered ${call.name} within ${limitMs} ms`,
    );
  }
  const pauseMs = Math.min(UNKNOWN_PAUSE_MS.first * 2 ** copies, UNKNOWN_PAUSE_MS.most);
  runtime.log.warn({ taskId: call.id, task: call.name, queue, pauseMs }, "this task is not registered here");
  await republish(run, withHeaders(call, { [OURS.unknown]: `${since} ${copies + 1}` }), now + pauseMs);
}
