import type { Call } from "./call.ts";
import type { Run } from "./run.ts";
import { decide } from "./advance.ts";
import { bury, failUnrun, postponeUnknown, republish } from "./aside.ts";
import { claim } from "./claim.ts";
import { conclude } from "./conclude.ts";
import { WfeError, errorText, toError } from "./errors.ts";
import { emit } from "./events.ts";
import { execute } from "./execute.ts";
import { attemptOf } from "./headers.ts";
import { etaToMs } from "./instant.ts";
import { Abandoned, Stopped } from "./run.ts";
import { decodeCall } from "./wire.ts";

/**
 * One delivery, step by step:
 *
 *     decode ─▶ known? ─▶ due? ─▶ claim ─▶ run ─▶ decide ─▶ store ─▶ publish ─▶ ack
 *
 * Whatever happens, a delivery ends in one of three ways: acked (everything that follows from it is stored and
 * published), released (it comes back), or left alone (its lease is lost: it is somebody else's). Each step may
 * be repeated; while a store or broker is away it is repeated in place, and the task is not run again.
 */
export async function process(run: Run): Promise<void> {
  const message = decode(run.delivery.body);
  if (message instanceof Error) return bury(run, "MALFORMED", message.message);
  try {
    await handle(run, message);
  } catch (error) {
    if (error instanceof Abandoned || error instanceof Stopped) throw error;
    // patience is over: repeating is useless (a copy too large for the broker, a middleware that throws)
    await failUnrun(run, run.call ?? message, "FAILED", `could not be handled: ${errorText(error)}`);
  }
}

async function handle(run: Run, message: Call): Promise<void> {
  const { tasks, clock, settings } = run.station.runtime;
  const task = tasks.get(message.name);
  if (!task) return postponeUnknown(run, message);
  if (message.eta !== null && (await isEarly(run, message.eta, message))) return;
  const call = await claim(run, message);
  if (!call) return;
  const startedAt = clock.now();
  emit("started", () => ({
    id: call.id,
    name: call.name,
    queue: run.station.queue,
    attempt: attemptOf(call),
  }));
  const ending = await execute(run, call, task);
  run.check();
  if (run.stopping && ending.kind === "threw") throw new Stopped("the task ended because its worker stops");
  const now = clock.now();
  const verdict = decide(call, ending, { now, maxRetryLater: settings.maxRetryLater });
  await conclude(run, call, verdict, now - startedAt);
}

function decode(body: string): Call | Error {
  try {
    const call = decodeCall(body);
    if (call.id === "")
      return new WfeError("WFE_MALFORMED", "UUID is empty: a call without an id cannot be tracked");
    if (call.name === "") return new WfeError("WFE_MALFORMED", "Name is empty: no task can be found");
    return call;
  } catch (error) {
    return toError(error);
  }
}

/**
 * Step 3. A broker with exact delays is trusted: its clock counts, not ours. Elsewhere a call that came more than a
 * step too early is sent on with the rest of its delay, and one that came less early is held. True: it was sent on.
 */
async function isEarly(run: Run, eta: string, call: Call): Promise<boolean> {
  const { clock, ports } = run.station.runtime;
  const { maxDelayMs, delayStepMs } = ports.broker.facts;
  if (maxDelayMs === Infinity && delayStepMs <= 1) return false;
  const earlyMs = etaToMs(eta) - clock.now();
  if (earlyMs <= 0) return false;
  if (earlyMs > delayStepMs) {
    await republish(run, call, etaToMs(eta));
    return true;
  }
  run.station.held += 1;
  await run.pause(earlyMs);
  run.station.held -= 1;
  run.check();
  return false;
}
