import type { TaskState } from "./backend.ts";
import type { Delivery } from "./broker.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { attemptOf, foreignHeaders } from "./headers.ts";
import type { TaskContext } from "./context.ts";
import { WfeError } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** Thrown inside of core to leave a delivery that is no longer ours to finish. Never reaches a user. */
export class Abandoned extends Error {}

/**
 * One delivery in hand.
 *
 *     open ──▶ over            settled: acked, or given up by its own procedure
 *       └────▶ abandoned ─▶ over   lease lost, or the shutdown deadline passed: whatever still runs is fenced,
 *                                  its results are not stored, nothing of it is published
 */
export class Run {
  readonly delivery: Delivery;
  readonly clock: Clock;
  /** The claimed state; undefined until a claim was stored. */
  state: TaskState | undefined;
  abandoned: boolean = false;
  /** The task has ended; what is left is to store and publish. */
  over: boolean = false;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: Error } | undefined;
  #interrupt: ((reason: Error) => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(delivery: Delivery, clock: Clock) {
    this.delivery = delivery;
    this.clock = clock;
  }

  /** Made when a task first asks for it: most never do. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** Tells the task to stop; it may go on. */
  abort(reason: Error): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  /** Ends the wait for the task, whether it stops or not. */
  interrupt(reason: Error): void {
    this.abort(reason);
    this.#interrupt?.(reason);
  }

  /** The procedure stops at its next step, and the task's result is dropped. */
  abandon(reason: Error): void {
    this.abandoned = true;
    this.abort(reason);
    this.#interrupt?.(new Abandoned(reason.message, { cause: reason }));
    this.#wake?.();
  }

  check(): void {
    if (this.abandoned) throw new Abandoned("this delivery belongs to somebody else now");
  }

  /** Follows the task, until it ends or is interrupted. */
  follow(start: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      const returned = start();
      if (returned instanceof Promise) returned.then(resolve, reject);
      else resolve(returned);
    });
  }

  /** Waits, but not longer than the delivery is ours. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.clock.after(ms, done);
      this.#wake = done;
    });
  }
}

/** What `currentTask()` answers inside of a run. Everything dear is made when it is asked for. */
export function createContext(call: Call, run: Run, queue: string, log: Logger, progress: (value: unknown) => void): TaskContext {
  return {
    id: call.id,
    name: call.name,
    queue,
    start: run.state?.start ?? 1,
    retriesLeft: call.retryCount,
    groupId: call.groupId || undefined,
    get attempt() {
      return attemptOf(call);
    },
    get headers() {
      return foreignHeaders(call.headers);
    },
    get signal() {
      return run.signal;
    },
    get log() {
      return taskLogger(log, call);
    },
    progress,
  };
}

function taskLogger(log: Logger, call: Call): Logger {
  const own = { taskId: call.id, task: call.name };
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      log[level]({ ...own, ...fields }, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export function timeoutError(call: Call, ms: number): WfeError {
  return new WfeError("WFE_TIMEOUT", `${call.name} (${call.id}) ran longer than its limit of ${ms} ms`);
}
