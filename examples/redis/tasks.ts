import { currentTask } from "@wfe/core";
import { setTimeout as sleep } from "node:timers/promises";

export interface Counts {
  readonly words: number;
  readonly longest: string;
}

function count(text: string): Counts {
  const words = text.match(/\p{L}+/gu) ?? [];
  return {
    words: words.length,
    longest: words.reduce((longest, word) => (word.length > longest.length ? word : longest), ""),
  };
}

/** The same for a page that takes its time, so that there is a middle in which to kill the worker. */
async function countPage(text: string): Promise<Counts> {
  await sleep(100, undefined, { signal: currentTask().signal });
  return count(text);
}

function addUp(pages: readonly Counts[]): Counts {
  return {
    words: pages.reduce((sum, page) => sum + page.words, 0),
    longest: pages.reduce((found, { longest }) => (longest.length > found.length ? longest : found), ""),
  };
}

function describe({ words, longest }: Counts): string {
  return `${words} words, the longest is "${longest}"`;
}

/** Succeeds in its third run, as a service does that comes back. */
function countWhenReady(text: string): string {
  const { attempt } = currentTask();
  if (attempt < 2) throw new Error("the dictionary is not loaded yet");
  return `${describe(count(text))}, in run ${attempt + 1}`;
}

function refuse(path: string): string {
  throw new Error(`${path} is not a text`);
}

export const tasks = { count, countPage, addUp, describe, countWhenReady, refuse };
