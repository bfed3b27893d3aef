import { setImmediate as turn } from "node:timers/promises";
import { type Clock, WfeError } from "@wfe/core";
import { heap } from "./heap.ts";

/** A clock that stands still until a test moves it, and then skips all waiting. */
export interface VirtualTime extends Clock {
  /** How many timers are set and have neither gone off nor been taken back. */
  readonly timers: number;
  /** Moves on by `ms`. Each timer on the way goes off at its moment, and what it causes settles before the next. */
  advance(ms: number): Promise<void>;
  /**
   * Moves on, from timer to timer, until `promise` settles, and answers as it does. Timers in the background go off
   * on the way, but are never waited for: when no other is left, only real I/O can settle the promise.
   * Rejects with `WFE_TIMEOUT` after `realMs` (default 4,000) milliseconds of real time without any such timer,
   * and after fifteen times as long in any case.
   */
  until<T>(promise: PromiseLike<T>, options?: { readonly realMs?: number }): Promise<T>;
}

interface Timer {
  readonly at: number;
  readonly number: number;
  readonly callback: () => void;
  readonly background: boolean;
  live: boolean;
}

/** Everything has settled when the event loop turned this often and nothing happened. */
const QUIET_TURNS = 5;
/** Where it never does, time moves on all the same. */
const MOST_TURNS = 50_000;
/** How many times `realMs` a promise may take while timers go on. */
const PATIENCE_WITH_TIMERS = 15;

/** Time for tests: it begins at `startAt` (epoch ms; by default always the same), and seven days pass at once. */
export function virtualTime(startAt: number = Date.UTC(2025, 0, 1)): VirtualTime {
  const timers = heap<Timer>((a, b) => (a.at === b.at ? a.number < b.number : a.at < b.at));
  let now = startAt;
  /** Of the live timers. */
  let [total, foreground] = [0, 0];
  let lastNumber = 0;

  const retire = (timer: Timer): void => {
    if (!timer.live) return;
    timer.live = false;
    total--;
    if (!timer.background) foreground--;
  };

  const next = (): Timer | undefined => {
    while (timers.peek()?.live === false) timers.pop();
    return timers.peek();
  };

  /** Everything due at the next timer's moment goes off, as in one turn of the event loop. */
  const fire = (at: number): void => {
    now = Math.max(now, at);
    const newest = lastNumber; // a timer set for "at once" by one of these takes the next turn
    for (
      let timer = next();
      timer !== undefined && timer.at <= now && timer.number <= newest;
      timer = next()
    ) {
      timers.pop();
      retire(timer);
      timer.callback();
    }
  };

  const settle = async (): Promise<void> => {
    let seen = lastNumber;
    for (let turns = 0, quiet = 0; turns < MOST_TURNS && quiet < QUIET_TURNS; turns++) {
      await turn();
      quiet = seen === lastNumber ? quiet + 1 : 0;
      seen = lastNumber;
      if (quiet === QUIET_TURNS && requestsOpen()) quiet = 0;
    }
  };

  return {
    now: () => now,
    after(ms, callback, options) {
      const background = options?.background ?? false;
      const timer = { at: now + Math.max(0, ms), number: ++lastNumber, callback, background, live: true };
      timers.push(timer);
      total++;
      if (!background) foreground++;
      return () => retire(timer);
    },
    get timers(): number {
      return total;
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = next(); timer !== undefined && timer.at <= end; timer = next()) {
        fire(timer.at);
        await settle();
      }
      now = Math.max(now, end);
    },
    async until(promise, { realMs = 4_000 } = {}) {
      const startedAt = performance.now();
      let idleSince = startedAt;
      let settled = false;
      const mark = (): void => void (settled = true);
      promise.then(mark, mark);
      for (await settle(); !settled; await settle()) {
        const realNow = performance.now();
        if (realNow - idleSince > realMs || realNow - startedAt > PATIENCE_WITH_TIMERS * realMs)
          throw stuck(foreground);
        const timer = foreground > 0 ? next() : undefined;
        if (timer === undefined) continue;
        fire(timer.at);
        idleSince = performance.now();
      }
      return promise;
    },
  };
}

/** Has this process asked the system for something, such as a file, that it has no answer to yet? */
function requestsOpen(): boolean {
  return process.getActiveResourcesInfo().some((resource) => /req/i.test(resource));
}

function stuck(foreground: number): WfeError {
  const why = foreground > 0 ? `${foreground} timers go on and on` : "no timer is left that could settle it";
  return new WfeError("WFE_TIMEOUT", `the promise does not settle in virtual time: ${why}`);
}
