import type { TaskState } from "./backend.ts";
import type { Runtime } from "./runtime.ts";
import { memberId } from "./compile.ts";
import { TaskError, WfeError, toError } from "./errors.ts";
import { isFinal } from "./order.ts";
import { abortable } from "./ports.ts";
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
    get: async (options) => outcomeOf<R>(await waitForFinal(id, runtime, options)),
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
    get: (options) => Promise.all(members.map((member) => member.get(options))) as Promise<unknown> as Promise<T>,
    settled: async (options) => {
      const ends = await Promise.allSettled(members.map((member) => member.get(options)));
      for (const end of ends) if (end.status === "rejected" && isWaitError(end.reason)) throw toError(end.reason);
      return ends as never;
    },
  };
}

/** The ids of a group's members, from its size. */
export function idsOfMembers(groupId: string, size: number): readonly string[] {
  return Array.from({ length: size }, (_, index) => memberId(groupId, index));
}

function isWaitError(error: unknown): boolean {
  return error instanceof WfeError && (error.code === "WFE_TIMEOUT" || error.code === "WFE_ABORTED");
}

function outcomeOf<R>(state: TaskState): R {
  if (state.status === "SUCCESS") return decodeResults(state.name, state.results) as R;
  if (state.status === "REVOKED") throw new WfeError("WFE_REVOKED", `${state.name} (${state.id}) was revoked: ${state.error}`);
  throw new TaskError(state.id, state.name, state.error);
}

const POLL_MS = { first: 10, most: 1000, watched: 5000 };

/** Resolves with the final state. Woken by the backend where it can, else by polling with growing pauses. */
async function waitForFinal(id: string, runtime: Runtime, options: WaitOptions = {}): Promise<TaskState> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) throw new WfeError("WFE_ABORTED", "the caller's signal was aborted", { cause: signal.reason });
  const wait = new Wait(id, runtime);
  const cancel =
    timeoutMs === undefined
      ? undefined
      : runtime.clock.after(timeoutMs, () =>
          wait.end(new WfeError("WFE_TIMEOUT", `${id} has not ended within ${timeoutMs} ms; it goes on`)),
        );
  void wait.look();
  try {
    return await abortable(wait.promise, signal);
  } finally {
    cancel?.();
    wait.end(new WfeError("WFE_ABORTED", "the wait is over"));
  }
}

class Wait {
  readonly promise: Promise<TaskState>;
  readonly #id: string;
  readonly #runtime: Runtime;
  readonly #resolve: (state: TaskState) => void;
  readonly #reject: (error: Error) => void;
  readonly #stopWatch: (() => void) | undefined;
  readonly #ready: Promise<void> | undefined;
  #pauseMs = POLL_MS.first;
  #cancel: (() => void) | undefined;
  #over = false;
  #looking = false;
  #again = false;

  constructor(id: string, runtime: Runtime) {
    this.#id = id;
    this.#runtime = runtime;
    const { promise, resolve, reject } = Promise.withResolvers<TaskState>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    promise.catch(() => undefined); // ended by whoever waits; nobody else needs to hear
    const watch = runtime.ports.backend.watch?.(id, (state) => this.#woken(state));
    this.#ready = watch?.ready;
    this.#stopWatch = watch && (() => watch.stop());
  }

  #woken(state: TaskState | undefined): void {
    if (state && isFinal(state.status)) this.#done(state);
    else void this.look();
  }

  /** Loads the state once; if it is not final, looks again later. Never two looks at a time. */
  async look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    this.#cancel?.();
    try {
      await this.#ready?.catch(() => undefined);
      if (this.#over) return;
      const state = await this.#runtime.ports.load(this.#id);
      if (!state) this.end(new WfeError("WFE_RESULT_NOT_FOUND", `there is no state of ${this.#id}: never sent, or expired`));
      else if (isFinal(state.status)) this.#done(state);
    } catch (error) {
      this.#runtime.log.warn({ err: error, taskId: this.#id }, "could not read a result; trying again");
    } finally {
      this.#looking = false;
      if (!this.#over) this.#later();
    }
  }

  #later(): void {
    if (this.#again) {
      this.#again = false;
      void this.look();
      return;
    }
    const pause = this.#stopWatch ? POLL_MS.watched : this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 1.5, POLL_MS.most);
    this.#cancel = this.#runtime.clock.after(pause, () => void this.look());
  }

  #done(state: TaskState): void {
    this.#resolve(state);
    this.#close();
  }

  end(error: Error): void {
    if (this.#over) return;
    this.#reject(error);
    this.#close();
  }

  #close(): void {
    this.#over = true;
    this.#cancel?.();
    this.#stopWatch?.();
  }
}
