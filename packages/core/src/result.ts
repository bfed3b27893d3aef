import { setMaxListeners } from "node:events";
import type { TaskState, Watch } from "./backend.ts";
import type { Runtime } from "./runtime.ts";
import { TaskError, WfeError, isRetryable, toError } from "./errors.ts";
import { isFinal } from "./order.ts";
import { decodeResults } from "./tasks.ts";

export interface WaitOptions {
  /** Rejects with `WFE_TIMEOUT` after so long. Default: until the task's state expires. */
  readonly timeoutMs?: number;
  /** Rejects with `WFE_ABORTED`. The task goes on. */
  readonly signal?: AbortSignal;
}

/** A handle on one call, or on a whole workflow through its last call. */
export interface Result<R = unknown> {
  readonly id: string;
  /** The result. Rejects with `TaskError` when the task failed for good, `WFE_REVOKED`, `WFE_TIMEOUT`, `WFE_ABORTED`,
   * or `WFE_RESULT_NOT_FOUND` when there is no state under this id (never sent, or expired). */
  get(options?: WaitOptions): Promise<R>;
  /** What is stored now; undefined where there is nothing. */
  state(): Promise<TaskState | undefined>;
}

/** A handle on a group that was sent without a callback. */
export interface GroupResult<T extends readonly unknown[] = readonly unknown[]> {
  readonly id: string;
  /** In declared order. */
  readonly members: { readonly [K in keyof T]: Result<T[K]> };
  /** All results in declared order. Rejects as the first member that failed. */
  get(options?: WaitOptions): Promise<T>;
  /** How each member ended; rejects only on timeout and abort. */
  settled(options?: WaitOptions): Promise<{ readonly [K in keyof T]: PromiseSettledResult<T[K]> }>;
}

export function createResult<R>(id: string, runtime: Runtime): Result<R> {
  return {
    id,
    state: () => runtime.ports.load(id),
    get: async (options) => outcomeOf(await waitForFinal(id, runtime, options)) as R,
  };
}

export function createGroupResult<T extends readonly unknown[]>(
  id: string,
  ids: readonly string[],
  runtime: Runtime,
): GroupResult<T> {
  const members = ids.map((member) => createResult(member, runtime));
  return {
    id,
    members: members as never,
    get: (options) => getAll(members, options) as Promise<unknown> as Promise<T>,
    settled: async (options) => {
      const ends = await Promise.allSettled(members.map((member) => member.get(options)));
      for (const end of ends)
        if (end.status === "rejected" && isWaitError(end.reason)) throw toError(end.reason);
      return ends as never;
    },
  };
}

/** All, or the first rejection; then the other waits end, too, so that they keep no process alive. */
async function getAll(members: readonly Result[], options: WaitOptions = {}): Promise<unknown[]> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  setMaxListeners(0, signal);
  try {
    return await Promise.all(members.map((member) => member.get({ ...options, signal })));
  } finally {
    stop.abort();
  }
}

function isWaitError(error: unknown): boolean {
  return error instanceof WfeError && (error.code === "WFE_TIMEOUT" || error.code === "WFE_ABORTED");
}

function outcomeOf(state: TaskState): unknown {
  if (state.status === "SUCCESS") return decodeResults(state.name, state.results);
  if (state.status === "REVOKED")
    throw new WfeError("WFE_REVOKED", `${state.name} (${state.id}) was revoked: ${state.error}`);
  throw new TaskError(state.id, state.name, state.error);
}

const POLL_MS = { first: 10, most: 1000 };
/** Where the backend tells of ends, looking is but a net under it. */
const WATCHED_POLL_MS = { first: 5000, most: 300_000 };

/** Resolves with the final state. Woken by the backend where it can, else by polling with growing pauses. */
function waitForFinal(id: string, runtime: Runtime, options: WaitOptions = {}): Promise<TaskState> {
  return new Promise((resolve, reject) => new Wait(id, runtime, { resolve, reject }).begin(options));
}

interface Ending {
  resolve(state: TaskState): void;
  reject(error: Error): void;
}

/** One wait for one id. It ends once: with the state, or with the reason why there will be none. */
class Wait {
  readonly #id: string;
  readonly #runtime: Runtime;
  readonly #ending: Ending;
  #watch: Watch | undefined;
  #pauseMs = 0;
  #cancelLook: (() => void) | undefined;
  #cancelLimit: (() => void) | undefined;
  #signal: AbortSignal | undefined;
  #over = false;
  #looking = false;
  #again = false;

  constructor(id: string, runtime: Runtime, ending: Ending) {
    this.#id = id;
    this.#runtime = runtime;
    this.#ending = ending;
  }

  begin({ timeoutMs, signal }: WaitOptions): void {
    if (signal) {
      if (signal.aborted) return this.#abort();
      this.#signal = signal;
      signal.addEventListener("abort", this.#abort, { once: true });
    }
    if (timeoutMs !== undefined)
      this.#cancelLimit = this.#runtime.clock.after(timeoutMs, () => this.#late(timeoutMs));
    this.#watch = this.#runtime.ports.backend.watch?.(this.#id, this.#woken);
    void this.#look();
  }

  readonly #woken = (state: TaskState | undefined): void => {
    if (state && isFinal(state.status)) this.#done(state);
    else void this.#look();
  };

  readonly #abort = (): void => {
    const cause = this.#signal?.reason as unknown;
    this.#fail(new WfeError("WFE_ABORTED", `waiting for ${this.#id} was aborted; it goes on`, { cause }));
  };

  #late(ms: number): void {
    this.#fail(new WfeError("WFE_TIMEOUT", `${this.#id} has not ended within ${ms} ms; it goes on`));
  }

  /** Loads the state once; if it is not final, looks again later. Never two looks at a time. */
  async #look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    this.#cancelLook?.();
    try {
      if (this.#watch) await this.#ready(this.#watch);
      if (this.#over) return;
      const state = await this.#runtime.ports.load(this.#id);
      if (!state)
        this.#fail(
          new WfeError("WFE_RESULT_NOT_FOUND", `there is no state of ${this.#id}: never sent, or expired`),
        );
      else if (isFinal(state.status)) this.#done(state);
    } catch (error) {
      if (error instanceof WfeError && !isRetryable(error)) this.#fail(error);
      else this.#runtime.log.warn({ err: error, taskId: this.#id }, "could not read a result; trying again");
    } finally {
      this.#looking = false;
      if (!this.#over) this.#later();
    }
  }

  /** A watch that could not begin is none: then there is only polling. */
  async #ready(watch: Watch): Promise<void> {
    try {
      await watch.ready;
    } catch (error) {
      this.#runtime.log.warn({ err: error, taskId: this.#id }, "could not watch a result; polling instead");
      watch.stop();
      this.#watch = undefined;
    }
  }

  #later(): void {
    if (this.#again) {
      this.#again = false;
      void this.#look();
      return;
    }
    const { first, most } = this.#watch ? WATCHED_POLL_MS : POLL_MS;
    this.#pauseMs = this.#pauseMs === 0 ? first : Math.min(this.#pauseMs * 1.5, most);
    this.#cancelLook = this.#runtime.clock.after(this.#pauseMs, () => void this.#look());
  }

  #done(state: TaskState): void {
    this.#close();
    this.#ending.resolve(state);
  }

  #fail(error: Error): void {
    this.#close();
    this.#ending.reject(error);
  }

  #close(): void {
    this.#over = true;
    this.#cancelLook?.();
    this.#cancelLimit?.();
    this.#watch?.stop();
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
