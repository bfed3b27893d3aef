import type { QueueSnapshot } from "@wfe/core";
import { bodyOf, readMember } from "./element.ts";
import type { QueueKeys } from "./keys.ts";
import type { Argument, Link } from "./link.ts";
import { PEEK } from "./scripts.ts";

/** How many members of a delayed set one step on the server looks at. */
const PAGE = 1_000;

/** Counts and shows, by reading only. The parts are read one after the other, while the queue goes on. */
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
  const firstDelayed = delayed.flatMap((one) => one.first).toSorted((a, b) => a.notBefore - b.notBefore);
  return {
    waiting: waiting.count,
    running,
    delayed: delayed.reduce((sum, one) => sum + one.count, 0),
    firstWaiting: waiting.first,
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

async function readDelayed(
  link: Link,
  { set, keys, limit, prefix }: DelayedOptions,
): Promise<{ readonly count: number; readonly first: readonly { body: string; notBefore: number }[] }> {
  const lists = `\0${keys.lists.join("\0")}\0`;
  const first: { body: string; notBefore: number }[] = [];
  let count = 0;
  for (let from = 0; ; from += PAGE) {
    const args: Argument[] = [lists, from, PAGE, limit - first.length, prefix];
    const [looked, mine, ...shown] = (await link.run(PEEK, [set], args)) as [number, number, ...string[]];
    count += mine;
    for (let i = 0; i + 1 < shown.length; i += 2) {
      first.push({ body: readMember(shown[i + 1] ?? "").body, notBefore: Math.round(Number(shown[i]) / 1e6) });
    }
    if (looked < PAGE) return { count, first };
  }
}

async function number(link: Link, command: string, key: string): Promise<number> {
  return Number(await link.command(command, [key]));
}
