import { AsyncLocalStorage } from "node:async_hooks";
import type { Call } from "./call.ts";
import type { Logger } from "./logger.ts";
import type { Run } from "./run.ts";
import { WfeError } from "./errors.ts";
import { attemptOf, foreignHeaders } from "./headers.ts";

/** What a running task may ask for. */
export interface TaskContext {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** Retries so far: 0 in the first run. */
  readonly attempt: number;
  /** Executions of this attempt: above 1 after a worker was lost. */
  readonly start: number;
  readonly retriesLeft: number;
  readonly groupId: string | undefined;
  /** What the application put on the call. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** Aborts on time limit, revoke, lost lease and shutdown deadline. */
  readonly signal: AbortSignal;
  /** Has the task's id and name in its fields. */
  readonly log: Logger;
  /** Keeps any JSON with the task's state, for whoever watches. Kept at most every 100 ms; the last one wins. */
  readonly progress: (value: unknown) => void;
}

const storage = new AsyncLocalStorage<TaskContext>();

/** The context of the task that runs here. Throws `WFE_NO_TASK` outside of one. */
export function currentTask(): TaskContext {
  const context = storage.getStore();
  if (!context) throw new WfeError("WFE_NO_TASK", "currentTask() was called outside of a running task");
  return context;
}

export function runInContext<T>(context: TaskContext, body: () => T): T {
  return storage.run(context, body);
}

/** What `currentTask()` answers inside of a run. Everything dear is made when it is asked for. */
export class RunContext implements TaskContext {
  readonly #run: Run;
  readonly #call: Call;
  readonly #progress: (run: Run, value: unknown) => void;

  constructor(run: Run, call: Call, progress: (run: Run, value: unknown) => void) {
    this.#run = run;
    this.#call = call;
    this.#progress = progress;
  }

  get id(): string {
    return this.#call.id;
  }
  get name(): string {
    return this.#call.name;
  }
  get queue(): string {
    return this.#run.station.queue;
  }
  get attempt(): number {
    return attemptOf(this.#call);
  }
  get start(): number {
    return this.#run.state?.start ?? 1;
  }
  get retriesLeft(): number {
    return this.#call.retryCount;
  }
  get groupId(): string | undefined {
    return this.#call.groupId || undefined;
  }
  get headers(): Readonly<Record<string, unknown>> {
    return foreignHeaders(this.#call.headers);
  }
  get signal(): AbortSignal {
    return this.#run.signal;
  }
  get log(): Logger {
    return taskLogger(this.#run.station.runtime.log, this.#call);
  }
  get progress(): (value: unknown) => void {
    return (value) => this.#progress(this.#run, value);
  }
}

function taskLogger(log: Logger, call: Call): Logger {
  const own = { taskId: call.id, task: call.name };
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      log[level]({ ...own, ...fields }, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
