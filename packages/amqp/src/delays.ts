import { createHash } from "node:crypto";

/**
 * Delays without a plugin, in a few queues whatever the delays. A level is an exchange and a queue that holds every
 * message for the same time, so none waits behind another. A message visits the levels whose times add up to its delay:
 *
 *     publish ──→ exchange 3 ──bit 3 is 1──→ queue 3 (128 ms) ──dies──→ exchange 2 ──→ … ──→ exchange 0 ──→ due ──→ queue
 *                     └───────bit 3 is 0──────────────────────────────────↑
 *
 * The bits are words of the routing key, after the target queue: "machinery_tasks.0.1.0.1" is 32 + 128 ms. The words
 * begin with the shortest level, and a message enters at its longest one.
 */
const SHORTEST_MS = 16;
const POWERS = 28;
/** The server's limit for a TTL is 2^32 - 1 ms, so that what is longer takes as many of these as it needs. */
const LONGEST_MS = 2 ** 32 - SHORTEST_MS;
const LONG_LEVELS = 7;

/** How long each level holds a message, the shortest first. */
export const LEVELS_MS: readonly number[] = [
  ...Array.from({ length: POWERS }, (_, power) => SHORTEST_MS * 2 ** power),
  ...Array.from({ length: LONG_LEVELS }, () => LONGEST_MS),
];

/** Delays are rounded down to a multiple of it; the rest is up to the consumer. */
export const DELAY_STEP_MS: number = SHORTEST_MS;
/** 397 days. */
export const MAX_DELAY_MS: number = (LONG_LEVELS + 1) * LONGEST_MS;

/** Where a delayed message enters, and its routing key. */
export interface DelayRoute {
  readonly level: number;
  readonly key: string;
}

/** Undefined: too short for any level, so it goes straight to its queue. */
export function delayRoute(queue: string, delayMs: number): DelayRoute | undefined {
  if (!(delayMs >= SHORTEST_MS)) return undefined;
  const wholeMs = Math.min(MAX_DELAY_MS, Math.floor(delayMs / SHORTEST_MS) * SHORTEST_MS);
  const long = Math.min(LONG_LEVELS, Math.floor(wholeMs / LONGEST_MS));
  const steps = (wholeMs - long * LONGEST_MS) / SHORTEST_MS;
  const bits = steps.toString(2).padStart(long > 0 ? POWERS : 1, "0");
  const words = `${"1".repeat(long)}${bits}`.split("").toReversed();
  return { level: words.length - 1, key: [wordOf(queue), ...words].join(".") };
}

/** The binding keys of one level's exchange: to its queue, and past it. */
export function levelKeys(level: number): { readonly stay: string; readonly pass: string } {
  const skipped = "*.".repeat(level + 1);
  return { stay: `${skipped}1.#`, pass: `${skipped}0.#` };
}

/** The binding key from the last exchange to the queue. */
export function dueKey(queue: string): string {
  return `${wordOf(queue)}.#`;
}

export function levelName(prefix: string, level: number): string {
  const ms = LEVELS_MS[level] as number;
  return `${prefix}.${level < POWERS ? ms : `long.${level - POWERS + 1}`}`;
}

/** What is due leaves through this exchange. */
export function dueName(prefix: string): string {
  return `${prefix}.due`;
}

/** A routing key has 255 bytes, and the bits take up to 70 of them. */
const LONGEST_WORD = 160;

/** A queue's name as one word of a routing key. */
function wordOf(queue: string): string {
  const word = queue.replaceAll(/[%.*#]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  if (Buffer.byteLength(word) <= LONGEST_WORD) return word;
  return `%sha256-${createHash("sha256").update(queue).digest("hex")}`;
}
