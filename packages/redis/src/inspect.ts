import type { QueueSnapshot } from "@wfe/core";
import { bodyOf, readMember } from "./element.ts";
import type { QueueKeys } from "./keys.ts";
import type { Argument, Link } from "./link.ts";
import { PEEK } from "./delayedScripts.ts";

/** How many members of a delayed set one step on the server looks at. */
const PAGE = 1_000;

/** Counts and shows, by reading only. What is due counts as waiting. The parts are read one after the other, while the queue goes on. */
export async function inspectQueue(
  link: Link,
  keys: QueueKeys,
  sets: readonly string[],
  { limit, prefix }: { readonly limit: number; readonly prefix: string },
): Promise<QueueSnapshot> {
  const [running, waiting, delayed] = await Promise.all([
    countRunning(link, keys),
    readWaiting(link, keys, limit),
    Promise.all(sets.map((set) => readDelayed(link, { set, keys, limit, prefix }))),
  ]);
  const due = delayed.flatMap((one) => one.due);
  const firstDelayed = delayed.flatMap((one) => one.first).toSorted((a, b) => a.notBefore - b.notBefore);
  return {
    waiting: waiting.count + delayed.reduce((sum, one) => sum + one.dueCount, 0),
    running,
    delayed: delayed.reduce((sum, one) => sum + one.count, 0),
    firstWaiting: [...waiting.first, ...due].slice(0, limit),
    firstDelayed: firstDelayed.slice(0, limit),
  };
}

async function countRunning(link: Link, keys: QueueKeys): Promise<number> {
  const consumers = (await link.command("zrange", [keys.consumers, 0, -1])) as string[];
  const counts = consumers.flatMap((id) => [
    number(link, "hlen", keys.held(id)).then((fields) => Math.max(0, fields - 1)), // one is the number of the turn
    number(link, "llen", keys.woken(id)).catch(() => 0), // it is closed while a consumer leaves
  ]);
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function readWaiting(
  link: Link,
  keys: QueueKeys,
  limit: number,
): Promise<{ readonly count: number; readonly first: readonly string[] }> {
  const counts = await Promise.all(keys.lists.map((list) => number(link, "llen", list)));
  const first: string[] = [];
  for (const list of keys.lists) {
    if (first.length >= limit) break;
    const elements = await link.command("lrange", [list, 0, limit - first.length - 1]);
    first.push(...(elements as string[]).map(bodyOf));
  }
  return { count: counts.reduce((sum, count) => sum + count, 0), first };
}

interface DelayedOptions {
  readonly set: string;
  readonly keys: QueueKeys;
  readonly limit: number;
  readonly prefix: string;
}

interface Delayed {
  readonly count: number;
  /** Those that wait only for a consumer, whose mover brings them. */
  readonly dueCount: number;
  readonly due: readonly string[];
  readonly first: readonly { readonly body: string; readonly notBefore: number }[];
}

async function readDelayed(link: Link, { set, keys, limit, prefix }: DelayedOptions): Promise<Delayed> {
  const lists = `\0${keys.lists.join("\0")}\0`;
  const first: { body: string; notBefore: number }[] = [];
  const due: string[] = [];
  let count = 0;
  let dueCount = 0;
  for (let from = 0; ; from += PAGE) {
    const args: Argument[] = [lists, from, PAGE, limit - first.length, prefix];
    const answer = (await link.run(PEEK, [set], args)) as [number, number, number, ...string[]];
    const [looked, mine, overdue, ...shown] = answer;
    count += mine - overdue;
    dueCount += overdue;
    for (let i = 0; i + 1 < shown.length; i += 2) {
      const { body } = readMember(shown[i + 1] ?? "");
      if (i < 2 * overdue) due.push(body);
      else first.push({ body, notBefore: Math.round(Number(shown[i]) / 1e6) });
    }
    if (looked < PAGE) return { count, dueCount, due, first };
  }
}

async function number(link: Link, command: string, key: string): Promise<number> {
  return Number(await link.command(command, [key]));
}
