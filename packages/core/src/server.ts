import type { Backend } from "./backend.ts";
import type { Broker, InspectOptions, QueueSnapshot } from "./broker.ts";
import type { Clock } from "./clock.ts";
import type { DeadLetters } from "./deadletter.ts";
import type { Lock } from "./lock.ts";
import type { Logger } from "./logger.ts";
import type { Middleware } from "./middleware.ts";
import type { ErrorHook, Runtime, Settings } from "./runtime.ts";
import type { GroupResult, Result } from "./result.ts";
import type { SignatureOptions, UntypedSignature } from "./signature.ts";
import type { Creators, Registered, Registrable, TaskCreator } from "./tasks.ts";
import type { MissingOf, ResultOf, Unwrapped, Workflow } from "./workflow.ts";
import type { WorkerOptions } from "./worker.ts";
import { coarse, systemClock } from "./clock.ts";
import { groupIdOf, memberId } from "./compile.ts";
import { createDeadLetters } from "./deadletter.ts";
import { WfeError } from "./errors.ts";
import { memberIds } from "./finish.ts";
import { randomId } from "./id.ts";
import { guardedLogger, silentLogger } from "./logger.ts";
import { abortable, createPorts } from "./ports.ts";
import { createGroupResult, createResult } from "./result.ts";
import { createRuntime, guardedHook } from "./runtime.ts";
import { createSignature } from "./signature.ts";
import { submit } from "./submit.ts";
import { BUILT_IN, addTasks, createCreator, encodeArguments } from "./tasks.ts";
import { checkNode } from "./workflow.ts";
import { Worker } from "./worker.ts";

export interface ServerConfig {
  /** Where calls go that name no queue. Default "machinery_tasks". */
  readonly defaultQueue?: string;
  /** How long results are kept. Default 3,600,000 (one hour). */
  readonly resultsExpireInMs?: number;
  /** Runs of one attempt that may lose their worker before the call is a dead letter. Default 5. */
  readonly maxStarts?: number;
  /** How often one call may ask to run later. Default 1000. */
  readonly maxRetryLater?: number;
  /** How long a call waits for a worker that knows its task. Default 86,400,000 (one day). */
  readonly unknownTaskLimitMs?: number;
  /** `send` rejects after so long. Default 30,000. */
  readonly sendTimeoutMs?: number;
  /** The first is the outermost. */
  readonly middleware?: readonly Middleware[];
  /** Silent by default; `console` and pino fit as they are. */
  readonly logger?: Logger;
  /** Told of each task that failed for good and of each failure that a consumer survived, besides the log. */
  readonly onError?: ErrorHook;
  readonly clock?: Clock;
}

export interface SendOptions {
  /** The id of the whole workflow (its last call). Sending it again repeats nothing that has ended. Default: random. */
  readonly id?: string;
  readonly signal?: AbortSignal;
  /** Default: the server's `sendTimeoutMs`. */
  readonly timeoutMs?: number;
}

/** What can be sent: nothing is missing. */
export type Sendable<W> = [] extends MissingOf<W> ? W : NothingMissing<MissingOf<W>>;
/** Shown by the compiler where arguments are missing. */
export interface NothingMissing<M> {
  readonly "arguments are missing": M;
}
export type Handle<W> = W extends { readonly kind: "group" }
  ? GroupResult<Extract<ResultOf<W>, readonly unknown[]>>
  : Result<Unwrapped<ResultOf<W>>>;

/**
 * The one object an application makes: it knows the tasks, sends workflows, opens results and makes workers.
 * The adapters are injected; nothing is started or connected by the constructor.
 */
export class Server implements AsyncDisposable {
  readonly broker: Broker;
  readonly backend: Backend;
  readonly lock: Lock | undefined;
  readonly #tasks = new Map<string, Registered>(BUILT_IN.map((task) => [task.name, task]));
  readonly #runtime: Runtime;
  readonly #sendTimeoutMs: number;
  readonly #deadline: ReturnType<typeof coarse>;
  readonly #workers = new Set<Worker>();
  #warned = false;
  #closed = false;

  /** Throws `WFE_INVALID_OPTION` for a wrong option. */
  constructor(config: ServerConfig, broker: Broker, backend: Backend, lock?: Lock) {
    this.broker = broker;
    this.backend = backend;
    this.lock = lock;
    this.#sendTimeoutMs = atLeast("sendTimeoutMs", config.sendTimeoutMs ?? 30_000, 1);
    const base = {
      ports: createPorts(broker, backend),
      clock: config.clock ?? systemClock,
      log: guardedLogger(config.logger ?? silentLogger),
      tasks: this.#tasks,
      settings: settingsOf(config),
      onError: guardedHook(config.onError),
    };
    this.#runtime = createRuntime(base, config.middleware ?? []);
    this.#deadline = coarse(base.clock);
  }

  /** Makes the functions known as tasks under their keys, and answers typed creators of signatures. */
  register<const T extends Readonly<Record<string, Registrable>>>(tasks: T): Creators<T> {
    addTasks(this.#tasks, tasks);
    const creators = Object.keys(tasks).map((name) => [
      name,
      createCreator(name, this.#tasks.get(name)?.options),
    ]);
    return Object.fromEntries(creators) as Creators<T>;
  }

  /** Typed creators for tasks whose code is elsewhere: `server.remote<typeof tasks>()`. */
  remote<T extends Readonly<Record<string, Registrable>>>(): Creators<T> {
    const made = new Map<string, TaskCreator>();
    return new Proxy(Object.freeze({}) as Creators<T>, {
      get: (_, name) => {
        if (typeof name !== "string" || name === "then") return undefined;
        const creator = made.get(name) ?? createCreator(name);
        made.set(name, creator);
        return creator;
      },
    });
  }

  /** A signature by name, without types. Its arguments are counted when it runs. */
  signature(name: string, args: readonly unknown[] = [], options: SignatureOptions = {}): UntypedSignature {
    if (typeof name !== "string" || name === "") {
      throw new WfeError("WFE_INVALID_OPTION", "signature(): the task's name must be a non-empty string");
    }
    return createSignature(name, encodeArguments(name, args), { ...options, untyped: true });
  }

  /** Resolves once the broker has accepted the workflow durably. Rejects with nothing sent, or nothing that will run. */
  async send<const W extends Workflow<never, unknown>>(
    workflow: Sendable<W>,
    options: SendOptions = {},
  ): Promise<Handle<W>> {
    const node = workflow as unknown as Workflow;
    checkNode(node, "send(): this");
    if (this.#closed) throw new WfeError("WFE_CLOSED", "this server was closed");
    const rootId = options.id ?? (node.kind === "task" ? node.options.id : undefined) ?? `task_${randomId()}`;
    if (rootId === "") throw new WfeError("WFE_INVALID_OPTION", "send(): id must not be empty");
    this.#warnIfVolatile(node);
    await this.#bounded(submit(node, rootId, this.#runtime), options, rootId);
    return this.#handle(node, rootId) as Handle<W>;
  }

  /** A handle on a call, or on a workflow, that was sent before: here or elsewhere. */
  result<R = unknown>(id: string): Result<R> {
    return createResult<R>(id, this.#runtime);
  }

  /** A handle on a group that was sent before. Rejects with `WFE_RESULT_NOT_FOUND`. */
  async groupResult(id: string): Promise<GroupResult> {
    const group = await this.backend.loadGroup(groupIdOf(id));
    if (!group) throw new WfeError("WFE_RESULT_NOT_FOUND", `there is no group ${id}: never sent, or expired`);
    return createGroupResult(id, memberIds(group), this.#runtime);
  }

  /** A worker on this server's tasks. Register them before it starts. */
  worker(options: WorkerOptions = {}): Worker {
    if (this.#closed) throw new WfeError("WFE_CLOSED", "this server was closed");
    const worker = new Worker(this.#runtime, options);
    this.#workers.add(worker);
    return worker;
  }

  /** How many messages wait, run and are delayed, without disturbing any. */
  inspect(
    queue: string = this.#runtime.settings.defaultQueue,
    options: InspectOptions = {},
  ): Promise<QueueSnapshot> {
    return this.broker.inspect(queue, options);
  }

  /** What was put aside from a queue: list it, send it again, or drop it. */
  deadLetters(queue: string = this.#runtime.settings.defaultQueue): DeadLetters {
    return createDeadLetters(queue, this.#runtime);
  }

  /** Stops this server's workers, then closes the adapters (which close only what they opened). May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
    await this.broker[Symbol.asyncDispose]();
    await this.backend[Symbol.asyncDispose]();
    await this.lock?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #warnIfVolatile(node: Workflow): void {
    if (this.#warned || node.kind === "task" || !this.backend.facts.volatile) return;
    this.#warned = true;
    const text = "this backend may forget: a workflow whose record is evicted ends in FAILURE";
    this.#runtime.log.warn({ backend: this.backend.name }, text);
  }

  #bounded(work: Promise<void>, options: SendOptions, rootId: string): Promise<void> {
    const timeoutMs = options.timeoutMs ?? this.#sendTimeoutMs;
    return new Promise<void>((resolve, reject) => {
      const late = (): void =>
        reject(
          new WfeError(
            "WFE_TIMEOUT",
            `${rootId} was not accepted within ${timeoutMs} ms; it may still be sent`,
          ),
        );
      const cancel = this.#deadline(timeoutMs, late);
      const done =
        <T>(settle: (outcome: T) => void) =>
        (outcome: T): void => {
          cancel();
          settle(outcome);
        };
      abortable(work, options.signal).then(done(resolve), done(reject));
    });
  }

  #handle(node: Workflow, rootId: string): Result | GroupResult {
    if (node.kind !== "group") return createResult(rootId, this.#runtime);
    const ids = node.members.map((_, index) => memberId(groupIdOf(rootId), index));
    return createGroupResult(rootId, ids, this.#runtime);
  }
}

function settingsOf(config: ServerConfig): Settings {
  const { defaultQueue = "machinery_tasks" } = config;
  if (typeof defaultQueue !== "string" || defaultQueue === "")
    throw invalid("defaultQueue must be a non-empty string");
  return {
    defaultQueue,
    resultsExpireInMs: atLeast("resultsExpireInMs", config.resultsExpireInMs ?? 3_600_000, 1),
    maxStarts: atLeast("maxStarts", config.maxStarts ?? 5, 1),
    maxRetryLater: atLeast("maxRetryLater", config.maxRetryLater ?? 1000, 0),
    unknownTaskLimitMs: atLeast("unknownTaskLimitMs", config.unknownTaskLimitMs ?? 86_400_000, 0),
  };
}

function atLeast(name: string, value: number, least: number): number {
  if (typeof value === "number" && value >= least && value < Infinity) return value;
  throw invalid(`${name} must be a number, at least ${least}, got ${String(value)}`);
}

function invalid(text: string): WfeError {
  return new WfeError("WFE_INVALID_OPTION", `server: ${text}`);
}
