import { WfeError } from "@wfe/core";
import type { Link } from "./link.ts";
import { MOVE } from "./delayedScripts.ts";

export interface MoverOptions {
  readonly link: Link;
  /** The delayed set. */
  readonly set: string;
  readonly prefix: string;
  /** How often to look for what others, who tell nobody, have put first. */
  readonly pollMs: number;
  readonly onError: (error: unknown) => void;
}

/** Brings what is due from a delayed set to its queues. */
export interface Mover {
  /** Something may be due earlier than what was first. */
  wake(): void;
  stop(): void;
}

/** The most that one step on the server moves: it is busy meanwhile. */
const SLICE = 500;
/** Due moments closer together than this are taken in one step. */
const SHORTEST_SLEEP_MS = 2;
const AGAIN_MS = { first: 50, most: 5_000 };

/**
 * Sleeps until the first of the set is due, moves all that is due, and sleeps again. Any number of movers, ours and
 * machinery's, can work on one set: each message is moved by one of them. Times are the server's.
 */
export function startMover({ link, set, prefix, pollMs, onError }: MoverOptions): Mover {
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let again = false;
  let stopped = false;
  let failures = 0;
  /** By the monotonic clock: when the first is due, as far as we know. */
  let dueAt = Infinity;
  /** The server's clock (ms) less our monotonic one. */
  let offsetMs: number | undefined;

  const move = async (): Promise<void> => {
    for (let moved = SLICE; moved >= SLICE;) {
      const answer = (await link.run(MOVE, [set, `${set}.undecodable`], [SLICE, prefix])) as number[];
      const [taken = 0, waitMs = -1, bad = 0, nowMs = 0] = answer;
      moved = taken;
      offsetMs = nowMs - performance.now();
      dueAt = waitMs < 0 ? Infinity : performance.now() + waitMs;
      if (bad > 0) onError(undecodable(set, bad));
    }
  };

  /** One cheap command: is something first that we did not know of? */
  const look = async (): Promise<void> => {
    const [, score] = (await link.command("zrange", [set, 0, 0, "WITHSCORES"])) as string[];
    dueAt = score === undefined ? Infinity : Number(score) / 1e6 - (offsetMs ?? 0);
  };

  const run = async (): Promise<void> => {
    running = true;
    try {
      const isDue = offsetMs === undefined || again || performance.now() >= dueAt - 1;
      again = false;
      await (isDue ? move() : look());
      failures = 0;
    } catch (error) {
      if (!stopped && failures++ === 0) onError(error);
    }
    running = false;
    schedule();
  };

  const schedule = (): void => {
    if (stopped || running) return;
    clearTimeout(timer);
    const untilDueMs = Math.max(dueAt - performance.now(), SHORTEST_SLEEP_MS);
    const untilMs = failures > 0 ? Math.min(AGAIN_MS.first * 2 ** failures, AGAIN_MS.most) : untilDueMs;
    timer = setTimeout(() => void run(), again ? 0 : Math.min(untilMs, pollMs));
  };

  void run();
  return {
    wake() {
      again = true;
      schedule();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function undecodable(set: string, count: number): WfeError {
  const text = `${count} members of ${set} name no queue that they could be moved to; they are kept in ${set}.undecodable`;
  return new WfeError("WFE_MALFORMED", text);
}
