import type { TaskState } from "./backend.ts";
import type { Delivery } from "./broker.ts";
import type { Call } from "./call.ts";
import type { Runtime } from "./runtime.ts";
import { isRetryable } from "./errors.ts";

/** Thrown inside of core to leave a delivery that is no longer ours to finish. Never reaches a user. */
export class Abandoned extends Error {}

/** Thrown inside of core when a task ended early because its worker stops: its delivery is to be given back. */
export class Stopped extends Error {}

/** What all deliveries of one queue of one worker share. */
export interface Station {
  readonly runtime: Runtime;
  readonly queue: string;
  /** A run token that no other run has. */
  readonly newToken: () => string;
  /** How often a long run renews its state, where the broker cannot tell a redelivery. */
  readonly beatMs: number;
  /** Deliveries that came too early and wait for their moment: they take no place of those that can run. */
  held: number;
}

const PAUSE_MS = { first: 50, most: 5_000 };

/**
 * One delivery in hand.
 *
 *     running ──▶ over          the task has ended; what is left is to store, publish and ack
 *        └──────────┴──▶ abandoned   lease lost, or the shutdown deadline passed: whatever still runs is fenced,
 *                                    its results are not stored, nothing of it is published
 */
export class Run {
  readonly delivery: Delivery;
  readonly station: Station;
  /** The claimed state, and the call as it was claimed; undefined until a claim was stored. */
  state: TaskState | undefined;
  call: Call | undefined;
  over: boolean = false;
  /** Its worker stops and has told the task so: what the task throws from now on is no failure of its own. */
  stopping: boolean = false;
  /** The latest progress that is not stored yet. */
  progress: { readonly value: unknown } | undefined;
  abandoned: boolean = false;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: Error } | undefined;
  #interrupt: ((reason: Error) => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(delivery: Delivery, station: Station) {
    this.delivery = delivery;
    this.station = station;
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
      // A promise that was resolved with another can no longer be rejected: so both are told, and the first one counts.
      if (isThenable(returned)) returned.then(resolve, reject);
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
      const cancel = this.station.runtime.clock.after(ms, done);
      this.#wake = done;
    });
  }

  /** Repeats an action in place while a store or broker is away. Rejects where repeating is useless. */
  async patiently<T>(what: string, action: () => Promise<T>): Promise<T> {
    for (let pause = PAUSE_MS.first; ; pause = Math.min(pause * 2, PAUSE_MS.most)) {
      this.check();
      try {
        const answer = await action();
        this.check();
        return answer;
      } catch (error) {
        if (error instanceof Abandoned || !isRetryable(error)) throw error;
        this.#warn(error, `could not ${what}; trying again`, { pauseMs: pause });
        await this.pause(pause * (0.5 + Math.random() / 2));
      }
    }
  }

  /**
   * Repeated while the broker is away: until then the delivery stays in hand and takes a place. Never rejects: an ack
   * that failed means that the message comes again, and then finds what stands.
   */
  async ack(): Promise<void> {
    try {
      await this.patiently("ack a delivery", () => this.delivery.ack());
    } catch (error) {
      this.#warn(error, "could not ack a delivery; it will be delivered again");
    }
  }

  /** Never rejects: a lease that cannot be given back runs out. */
  async release(options?: { readonly delayMs: number }): Promise<void> {
    try {
      await this.delivery.release(options);
    } catch (error) {
      this.#warn(error, "could not give a delivery back; its lease will run out");
    }
  }

  #warn(error: unknown, text: string, more?: object): void {
    const { runtime, queue } = this.station;
    runtime.log.warn({ err: error, queue, ...more }, text);
  }

  /** Publishes a call (a copy, a retry, a follow-up), patiently. */
  publish(call: Call): Promise<void> {
    return this.patiently("publish", () => this.station.runtime.publish(call));
  }

  /** Undefined: stored. Else the state that stands. */
  save(state: TaskState): Promise<TaskState | undefined> {
    return this.patiently("store a state", () => this.station.runtime.ports.save(state));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
