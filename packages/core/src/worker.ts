import { setImmediate as nextTurn } from "node:timers/promises";
import type { Station } from "./run.ts";
import type { Runtime } from "./runtime.ts";
import { WfeError, errorText, toError } from "./errors.ts";
import { randomId } from "./id.ts";
import { process } from "./process.ts";
import { invalid, shares } from "./shares.ts";
import { onSignals } from "./signals.ts";
import { Abandoned, Run, Stopped } from "./run.ts";

export interface WorkerOptions {
  /** Names this worker in logs and in the vendor's tools. Default: "worker". */
  readonly tag?: string;
  /** How many tasks run at once. Default 10. */
  readonly concurrency?: number;
  /** Default: the server's default queue. The concurrency is split over several queues, by weight where given; each
   * has at least 1. */
  readonly queues?: readonly string[] | Readonly<Record<string, number>>;
  /** `run()` stops gracefully on SIGINT and SIGTERM, at once on the second. Default true. */
  readonly signals?: boolean;
  /** How long `stop()` lets running tasks end. Default 30,000. */
  readonly stopDeadlineMs?: number;
  /** How often a long run renews its state, where the broker cannot tell a redelivery. Default 10,000. */
  readonly beatMs?: number;
}

export interface StopOptions {
  /** Tasks that run longer are aborted and given back. 0: at once. */
  readonly deadlineMs?: number;
}

/** Signals are aborted so long before the deadline: time for a task to end by itself. */
const ABORT_GRACE_MS = 500;
/** How long giving back may take after the deadline; then the leases are left to run out. */
const RELEASE_MS = 1000;
/** A backlog that is all at hand would otherwise be worked off without a turn for timers, sockets and signals. */
const TURN_MS = 5;
const HOLD_MS = 2 ** 31 - 1;
const CONSUME_PAUSE_MS = { first: 100, most: 10_000 };

/**
 * Runs tasks of its queues.
 *
 *     idle ──start──▶ running ──stop──▶ draining ──deadline──▶ aborting ──▶ stopped
 *       └────────────────stop────────────────────────────────────────────────▲
 *
 * draining: nothing is fetched, what runs may end. aborting, a little before the deadline: signals are aborted.
 * At the deadline what still runs is abandoned (its result is not stored) and its delivery released.
 */
export class Worker implements AsyncDisposable {
  readonly tag: string;
  readonly #runtime: Runtime;
  readonly #queues: ReadonlyMap<string, number>;
  readonly #options: WorkerOptions;
  readonly #fetching = new AbortController();
  readonly #runs = new Set<Run>();
  readonly #releases: Promise<void>[] = [];
  /** One listener per lease, however many deliveries share it. */
  readonly #leases = new WeakSet<AbortSignal>();
  readonly #settled = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #loops: Promise<unknown> | undefined;
  #stopping: Promise<void> | undefined;
  #idle: (() => void) | undefined;
  #turnBeganAt: number | undefined;
  /** Keeps the process alive while the worker runs, whatever its adapters do. */
  #hold: NodeJS.Timeout | undefined;

  constructor(runtime: Runtime, options: WorkerOptions = {}) {
    this.tag = options.tag ?? "worker";
    this.#runtime = runtime;
    this.#options = options;
    this.#queues = shares(options, runtime.settings.defaultQueue);
    for (const name of ["stopDeadlineMs", "beatMs"] as const) {
      const value = options[name];
      if (value !== undefined && !(value >= 0)) throw invalid(`${name} must be 0 or more, got ${value}`);
    }
  }

  /** How many tasks are in hand. */
  get running(): number {
    return this.#runs.size;
  }

  /** Begins to fetch and returns at once. A worker is started once. */
  start(): this {
    if (this.#stopping) return this;
    if (this.#loops) throw invalid(`${this.tag} was started already`);
    this.#hold = setInterval(() => undefined, HOLD_MS);
    this.#loops = Promise.all([...this.#queues].map(([queue, prefetch]) => this.#consume(queue, prefetch)));
    this.#runtime.log.info({ tag: this.tag, queues: Object.fromEntries(this.#queues) }, "worker started");
    return this;
  }

  /** Starts, and resolves when the worker has stopped: by `stop()`, by a signal, or by the caller's `signal`. */
  async run(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const stop = (): void => void this.stop();
    const kill = this.#options.signals === false ? undefined : onSignals(this);
    options.signal?.addEventListener("abort", stop, { once: true });
    try {
      if (options.signal?.aborted) stop();
      if (!this.#loops) this.start();
      await this.#ended.promise;
    } finally {
      kill?.();
      options.signal?.removeEventListener("abort", stop);
    }
  }

  /** Stops fetching, lets tasks end until the deadline, gives back the rest. May be called twice, and before the start. */
  stop(options: StopOptions = {}): Promise<void> {
    const deadlineMs = options.deadlineMs ?? this.#options.stopDeadlineMs ?? 30_000;
    this.#stopping ??= this.#drain(deadlineMs);
    if (deadlineMs === 0) this.#releaseAll();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #consume(queue: string, prefetch: number): Promise<void> {
    const { broker } = this.#runtime.ports;
    const station = this.#station(queue);
    const { signal } = this.#fetching;
    const held = (): number => Math.min(station.held, prefetch);
    const onError = (error: Error): void => {
      const fields = { err: error, queue, tag: this.tag, running: this.#tasksInHand() };
      this.#runtime.log.error(fields, `consuming ${queue}: ${error.message}`);
      this.#runtime.onError(error, { queue });
    };
    let pause = CONSUME_PAUSE_MS.first;
    while (!signal.aborted) {
      try {
        for await (const delivery of broker.consume({
          queue,
          prefetch,
          signal,
          tag: this.tag,
          onError,
          held,
        })) {
          pause = CONSUME_PAUSE_MS.first;
          void this.#handle(new Run(delivery, station));
          if (this.#hogs()) await nextTurn();
        }
      } catch (error) {
        onError(toError(error));
      }
      if (!signal.aborted) await this.#wait(pause);
      pause = Math.min(pause * 2, CONSUME_PAUSE_MS.most);
    }
  }

  /** Who may be to blame, should the event loop have been blocked. */
  #tasksInHand(): readonly string[] {
    const calls = [...this.#runs].map((run) => run.call).filter((call) => call !== undefined);
    return calls.slice(0, 10).map((call) => `${call.name} (${call.id})`);
  }

  /** Has this turn of the event loop gone on for too long? */
  #hogs(): boolean {
    const now = performance.now();
    if (this.#turnBeganAt === undefined) {
      this.#turnBeganAt = now;
      setImmediate(() => (this.#turnBeganAt = undefined));
    }
    return now - this.#turnBeganAt > TURN_MS;
  }

  #station(queue: string): Station {
    const worker = randomId().slice(0, 8);
    let runs = 0;
    const newToken = (): string => `${worker}.${(runs += 1).toString(36)}`;
    return { runtime: this.#runtime, queue, newToken, held: 0, beatMs: this.#options.beatMs ?? 10_000 };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#runtime.clock.after(ms, resolve);
      this.#fetching.signal.addEventListener("abort", () => (cancel(), resolve()), { once: true });
    });
  }

  async #handle(run: Run): Promise<void> {
    const { aroundConsume } = this.#runtime;
    this.#runs.add(run);
    this.#watchLease(run.delivery.signal);
    try {
      await (aroundConsume ? aroundConsume(run.delivery, () => process(run)) : process(run));
    } catch (error) {
      if (error instanceof Stopped) await this.#release(run);
      else if (!(error instanceof Abandoned)) await this.#giveBack(run, error);
    } finally {
      this.#runs.delete(run);
      if (this.#runs.size === 0) this.#idle?.();
    }
  }

  /** Something outside of the task threw (a middleware, a broken adapter): the message must come back, but not at once. */
  async #giveBack(run: Run, error: unknown): Promise<void> {
    const { queue } = run.station;
    this.#runtime.log.error(
      { err: error, queue, tag: this.tag },
      `a delivery could not be handled: ${errorText(error)}`,
    );
    await run.pause(1000);
    await run.release();
  }

  #watchLease(lease: AbortSignal): void {
    if (this.#leases.has(lease)) return;
    this.#leases.add(lease);
    const lost = (): void => {
      const error = new WfeError("WFE_LEASE_LOST", "the lease on this delivery was lost", {
        cause: lease.reason,
      });
      for (const run of this.#runs) if (run.delivery.signal === lease) run.abandon(error);
    };
    if (lease.aborted) queueMicrotask(lost);
    else lease.addEventListener("abort", lost, { once: true });
  }

  async #drain(deadlineMs: number): Promise<void> {
    const { clock, log } = this.#runtime;
    this.#fetching.abort();
    const graceMs = Math.min(ABORT_GRACE_MS, deadlineMs / 2);
    const cancels = [
      clock.after(deadlineMs - graceMs, () => this.#abort()),
      clock.after(deadlineMs, () => this.#releaseAll()),
      clock.after(deadlineMs + RELEASE_MS, () => this.#settled.resolve()),
    ];
    void this.#drained().then(this.#settled.resolve);
    await this.#settled.promise;
    for (const cancel of cancels) cancel();
    clearInterval(this.#hold);
    log.info({ tag: this.tag }, "worker stopped");
    this.#ended.resolve();
  }

  async #drained(): Promise<void> {
    await this.#loops;
    if (this.#runs.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.all(this.#releases);
  }

  #abort(): void {
    for (const run of this.#runs) {
      run.stopping = true;
      run.abort(this.#stopReason());
    }
  }

  #releaseAll(): void {
    for (const run of this.#runs) if (!run.abandoned) this.#releases.push(this.#release(run));
  }

  #stopReason(): WfeError {
    return new WfeError("WFE_ABORTED", `${this.tag} is stopping`);
  }

  /** Fences what still runs and gives its delivery back, marked as a clean release. */
  async #release(run: Run): Promise<void> {
    run.abandon(this.#stopReason());
    await this.#noteRelease(run);
    await run.release();
  }

  /** A clean release does not count as a lost worker. */
  async #noteRelease(run: Run): Promise<void> {
    if (!run.state || run.over) return;
    const released = Number(run.state.info?.["released"] ?? 0) + 1;
    const state = { ...run.state, beat: run.state.beat + 1, info: { ...run.state.info, released } };
    const { ports, log } = this.#runtime;
    await ports
      .save(state)
      .catch((error: unknown) => log.warn({ err: error, tag: this.tag }, "could not note a release"));
  }
}
