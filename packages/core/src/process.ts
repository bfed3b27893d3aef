import type { TaskState } from "./backend.ts";
import type { Delivery } from "./broker.ts";
import type { Call } from "./call.ts";
import type { TaskContext } from "./context.ts";
import type { Ending, Verdict } from "./advance.ts";
import type { DeadReason } from "./deadletter.ts";
import type { Patiently } from "./finish.ts";
import type { Runtime } from "./runtime.ts";
import type { Registered } from "./tasks.ts";
import { decide, judge, repeatRetry, retryInfo } from "./advance.ts";
import { runInContext } from "./context.ts";
import { deadMessage } from "./deadletter.ts";
import { WfeError, errorText, isRetryable } from "./errors.ts";
import { emit } from "./events.ts";
import { finish } from "./finish.ts";
import { OURS, attemptOf, header, headerNumber, withHeaders } from "./headers.ts";
import { compose } from "./middleware.ts";
import { isFinal } from "./order.ts";
import { Abandoned, Run, createContext, timeoutError } from "./run.ts";
import { stateOf } from "./runtime.ts";
import { decodeArguments, encodeResults } from "./tasks.ts";
import { decodeCall } from "./wire.ts";
import { etaToMs, msToEta } from "./instant.ts";

/**
 * One delivery, step by step:
 *
 *     decode ─▶ known? ─▶ due? ─▶ claim ─▶ run ─▶ decide ─▶ store ─▶ publish ─▶ ack
 *
 * Whatever happens, a delivery ends in one of three ways: acked (everything that follows from it is stored and
 * published), released (it comes back), or left alone (its lease is lost: it is somebody else's). Each step may
 * be repeated; while a store or broker is away it is repeated in place, and the task is not run again.
 */
export interface Processor {
  process(run: Run): Promise<void>;
}

export interface ProcessorOptions {
  readonly queue: string;
  /** Prefix of the run tokens; unique per worker. */
  readonly token: string;
  /** How often a long run renews its state, where the broker cannot tell a redelivery. */
  readonly beatMs: number;
}

const RETRY_PAUSE_MS = { first: 50, most: 5_000 };
const UNKNOWN_PAUSE_MS = { first: 500, most: 60_000 };
const PROGRESS_EVERY_MS = 100;

export function createProcessor(runtime: Runtime, options: ProcessorOptions): Processor {
  const { ports, clock, log, tasks, settings } = runtime;
  const { facts } = ports.broker;
  const inexact = facts.maxDelayMs !== Infinity || facts.delayStepMs > 1;
  const ordered = facts.ordering === "key" && facts.delayedRelease;
  const around = compose<TaskContext, unknown>(
    runtime.middleware.map((one) => one.run && ((task, next) => one.run?.(task, () => next(task)) as Promise<unknown>)),
  );
  let runs = 0;

  const process = async (run: Run): Promise<void> => {
    const call = decode(run.delivery.body);
    if (call instanceof Error) return bury(run, "MALFORMED", call.message);
    const task = tasks.get(call.name);
    if (!task) return postponeUnknown(run, call);
    if (inexact && (await isEarly(run, call))) return;
    await attempt(run, call, task);
  };

  const patientlyFor =
    (run: Run): Patiently =>
    async (what, action) => {
      for (let pause = RETRY_PAUSE_MS.first; ; pause = Math.min(pause * 2, RETRY_PAUSE_MS.most)) {
        run.check();
        try {
          const answer = await action();
          run.check();
          return answer;
        } catch (error) {
          if (error instanceof Abandoned || !isRetryable(error)) throw error;
          log.warn({ err: error, queue: options.queue, pauseMs: pause }, `could not ${what}; trying again`);
          await run.pause(pause * (0.5 + Math.random() / 2));
        }
      }
    };

  // Step 1 and 2: what cannot run here ----------------------------------------------------------------------------

  const bury = async (run: Run, reason: DeadReason, error: string, call?: Call): Promise<void> => {
    const { body } = run.delivery;
    const id = call?.id || `unknown_${Math.random().toString(36).slice(2, 12)}`;
    const message = deadMessage({ id, queue: options.queue, reason, error, at: clock.now(), body }, ports);
    await patientlyFor(run)("publish a dead letter", () => ports.publish(message));
    log.error({ taskId: id, task: call?.name, queue: options.queue, reason }, `put aside as a dead letter: ${error}`);
    emit("dead-lettered", () => ({ id, name: call?.name ?? "", queue: options.queue, attempt: 0, error }));
    await run.delivery.ack();
  };

  const postponeUnknown = async (run: Run, call: Call): Promise<void> => {
    if (call.ignoreWhenNotRegistered) return run.delivery.ack();
    const now = clock.now();
    const [since = now, copies = 0] = (header(call, OURS.unknown) ?? "").split(" ").filter(Boolean).map(Number);
    if (now - since >= settings.unknownTaskLimitMs) {
      const error = `no worker on ${options.queue} has registered ${call.name} within ${settings.unknownTaskLimitMs} ms`;
      return failWithoutRun(run, call, "UNREGISTERED", error);
    }
    const pause = Math.min(UNKNOWN_PAUSE_MS.first * 2 ** copies, UNKNOWN_PAUSE_MS.most);
    log.warn({ taskId: call.id, task: call.name, queue: options.queue, pauseMs: pause }, "task is not registered here");
    await republish(run, withHeaders(call, { [OURS.unknown]: `${since} ${copies + 1}` }), now + pause);
  };

  /** FAILURE and all that follows, with a dead letter, for a call that did not get to run. */
  const failWithoutRun = async (run: Run, call: Call, reason: DeadReason, error: string): Promise<void> => {
    const patiently = patientlyFor(run);
    const state = stateOf(call, "FAILURE", runtime, { error, start: (run.state?.start ?? 0) + 1 });
    const standing = await patiently("store a failure", () => ports.save(state));
    if (!standing || isFinal(standing.status)) await finish(call, standing ?? state, runtime, patiently);
    await bury(run, reason, error, call);
  };

  const republish = async (run: Run, call: Call, at: number): Promise<void> => {
    const copy = { ...call, queue: options.queue, eta: msToEta(at) };
    await patientlyFor(run)("publish a copy", () => runtime.publish(copy));
    await run.delivery.ack();
  };

  // Step 3: too early, where the broker's delays are limited --------------------------------------------------------

  const isEarly = async (run: Run, call: Call): Promise<boolean> => {
    if (call.eta === null) return false;
    const early = etaToMs(call.eta) - clock.now();
    if (early <= 0) return false;
    if (early > facts.delayStepMs) {
      await republish(run, call, etaToMs(call.eta));
      return true;
    }
    await run.pause(early);
    run.check();
    return false;
  };

  // Step 4: claim ------------------------------------------------------------------------------------------------

  const attempt = async (run: Run, first: Call, task: Registered): Promise<void> => {
    const patiently = patientlyFor(run);
    const token = `${options.token}.${(runs += 1).toString(36)}`;
    let call = first;
    let start = 1;
    let info: TaskState["info"];
    for (;;) {
      const claim = stateOf(call, "STARTED", runtime, { start, run: token, info });
      const standing = await patiently("store the start", () => ports.save(claim));
      if (!standing) {
        run.state = claim;
        return execute(run, call, task);
      }
      if (ordered && standing.status === "RETRY") {
        call = repeatRetry(call, standing, clock.now());
        continue;
      }
      const sighting = { attempt: attemptOf(call), redelivered: run.delivery.redelivered, maxStarts: settings.maxStarts };
      const refusal = judge(call, standing, sighting);
      if (refusal.act !== "claim") return refuse(run, call, standing, refusal);
      start = refusal.start;
      info = standing.info;
    }
  };

  const refuse = async (
    run: Run,
    call: Call,
    standing: TaskState,
    refusal: Exclude<ReturnType<typeof judge>, { act: "claim" }>,
  ): Promise<void> => {
    switch (refusal.act) {
      case "drop":
        return run.delivery.ack();
      case "replay":
        await finish(call, standing, runtime, patientlyFor(run));
        return run.delivery.ack();
      case "resend": {
        const copy = repeatRetry(call, standing, clock.now());
        await patientlyFor(run)("publish a retry", () => runtime.publish({ ...copy, queue: options.queue }));
        return run.delivery.ack();
      }
      case "probe":
        return republish(run, withHeaders(call, { [OURS.probe]: refusal.seen }), clock.now() + 3 * options.beatMs);
      case "lost": {
        run.state = standing;
        const error = `${settings.maxStarts} runs of it lost their worker`;
        return failWithoutRun(run, call, "WORKER_LOST", error);
      }
    }
  };

  // Step 5: run --------------------------------------------------------------------------------------------------

  const execute = async (run: Run, call: Call, task: Registered): Promise<void> => {
    emit("started", () => event(call));
    const startedAt = clock.now();
    const stopBeat = facts.tellsRedelivery ? undefined : beat(run);
    const ending = await ended(run, call, task);
    stopBeat?.();
    run.check();
    const limits = { now: clock.now(), maxRetryLater: settings.maxRetryLater };
    await conclude(run, call, decide(call, ending, limits), startedAt);
  };

  const ended = async (run: Run, call: Call, task: Registered): Promise<Ending> => {
    const limitMs = headerNumber(call, OURS.timeout, task.options.timeoutMs ?? 0);
    const cancel = limitMs > 0 ? clock.after(limitMs, () => run.interrupt(timeoutError(call, limitMs))) : undefined;
    try {
      const returned = await run.follow(() => start(run, call, task));
      return { kind: "returned", results: encodeResults(task, returned) };
    } catch (thrown) {
      if (thrown instanceof Abandoned) throw thrown;
      return { kind: "threw", thrown };
    } finally {
      cancel?.();
    }
  };

  const start = (run: Run, call: Call, task: Registered): unknown => {
    const args = decodeArguments(task, call);
    const context = createContext(call, run, options.queue, log, progressFor(run));
    return runInContext(context, () =>
      around ? around(context, async () => task.run(...args)) : task.run(...args),
    );
  };

  /** Renews the state of a long run, so that others can see it is alive. */
  const beat = (run: Run): (() => void) => {
    let cancel = (): void => {};
    const arm = (): void => {
      cancel = clock.after(options.beatMs, () => {
        void touch(run, run.state?.info);
        arm();
      });
    };
    arm();
    return () => cancel();
  };

  /** Saves STARTED again with a higher beat. Never fails: the next one may. */
  const touch = async (run: Run, info: TaskState["info"]): Promise<void> => {
    if (!run.state || run.abandoned) return;
    run.state = { ...run.state, beat: run.state.beat + 1, info };
    try {
      const standing = await ports.save(run.state);
      if (standing) run.abandon(new WfeError("WFE_LEASE_LOST", "another run of this task has taken over"));
    } catch (error) {
      log.warn({ err: error, taskId: run.state.id }, "could not renew the state of a running task");
    }
  };

  const progressFor = (run: Run): ((value: unknown) => void) => {
    let latest: unknown;
    let waiting = false;
    return (value) => {
      latest = value;
      if (waiting) return;
      waiting = true;
      clock.after(
        PROGRESS_EVERY_MS,
        () => {
          waiting = false;
          if (!run.over) void touch(run, { ...run.state?.info, progress: latest });
        },
        { background: true },
      );
    };
  };

  // Step 6 and 7: store, publish, ack ------------------------------------------------------------------------------

  const conclude = async (run: Run, call: Call, verdict: Verdict, startedAt: number): Promise<void> => {
    run.over = true;
    if (verdict.kind === "retry") return concludeRetry(run, call, verdict, startedAt);
    const patiently = patientlyFor(run);
    const state = await storeFinal(run, call, verdict);
    if (!isFinal(state.status)) return run.delivery.ack(); // fenced: a later run owns what follows
    await finish(call, state, runtime, patiently);
    if (state.status === "FAILURE") {
      log.error({ taskId: call.id, task: call.name, queue: options.queue }, `task failed: ${state.error}`);
      emit("failed", () => event(call, { error: state.error, durationMs: clock.now() - startedAt }));
      if (call.keepOnError) return bury(run, "FAILED", state.error, call);
    } else emit("succeeded", () => event(call, { durationMs: clock.now() - startedAt }));
    await run.delivery.ack();
  };

  /** What stands in the end. A result that cannot be stored is a failure that can. */
  const storeFinal = async (
    run: Run,
    call: Call,
    verdict: Exclude<Verdict, { kind: "retry" }>,
  ): Promise<TaskState> => {
    const patiently = patientlyFor(run);
    const base = { start: run.state?.start ?? 1, run: run.state?.run ?? "", info: run.state?.info };
    const state =
      verdict.kind === "success"
        ? stateOf(call, "SUCCESS", runtime, { ...base, results: verdict.results })
        : stateOf(call, "FAILURE", runtime, { ...base, error: verdict.error });
    try {
      return (await patiently("store the result", () => ports.save(state))) ?? state;
    } catch (error) {
      if (error instanceof Abandoned || verdict.kind === "failure") throw error;
      return storeFinal(run, call, { kind: "failure", error: `its result could not be stored: ${errorText(error)}` });
    }
  };

  const concludeRetry = async (
    run: Run,
    call: Call,
    verdict: Extract<Verdict, { kind: "retry" }>,
    startedAt: number,
  ): Promise<void> => {
    const { error, delayMs, copy } = verdict;
    const patiently = patientlyFor(run);
    const base = { start: run.state?.start ?? 1, run: run.state?.run ?? "" };
    const info = retryInfo(copy, clock.now() + delayMs);
    const state = stateOf(call, "RETRY", runtime, { ...base, error, info });
    const standing = await patiently("store the retry", () => ports.save(state));
    if (standing) return run.delivery.ack(); // fenced or revoked: whoever did it owns what follows
    emit("retried", () => event(call, { error, durationMs: clock.now() - startedAt }));
    log.info({ taskId: call.id, task: call.name, delayMs }, `task will be run again: ${error}`);
    if (ordered) return run.delivery.release({ delayMs });
    await patiently("publish a retry", () => runtime.publish({ ...copy, queue: options.queue }));
    await run.delivery.ack();
  };

  const event = (call: Call, more: { error?: string; durationMs?: number } = {}) => ({
    id: call.id,
    name: call.name,
    queue: options.queue,
    attempt: attemptOf(call),
    ...more,
  });

  return { process };
}

function decode(body: string): Call | Error {
  try {
    const call = decodeCall(body);
    if (call.id === "") return new WfeError("WFE_MALFORMED", "UUID is empty: a call without an id cannot be tracked");
    if (call.name === "") return new WfeError("WFE_MALFORMED", "Name is empty: no task can be found");
    return call;
  } catch (error) {
    return error instanceof Error ? error : new Error(errorText(error));
  }
}
