import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";

export interface TextFacts {
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  /** The most frequent first. */
  readonly frequent: readonly WordCount[];
  readonly longest: { readonly line: number; readonly length: number };
  readonly sha256: string;
}

export interface WordCount {
  readonly word: string;
  readonly count: number;
}

/** Throws what a reader of the report should know when this is no text. */
export function describeText(content: Buffer): TextFacts {
  if (content.includes(0)) throw new Error("binary: it has a zero byte");
  if (!isUtf8(content)) throw new Error("not UTF-8 text");
  const text = content.toString("utf8");
  const lines = linesOf(text);
  const words = text.match(/[\p{L}\p{N}_]+/gu) ?? [];
  return {
    bytes: content.length,
    lines: lines.length,
    words: words.length,
    frequent: mostFrequent(countWords(words), 20),
    longest: longestOf(lines),
    sha256: createHash("sha256").update(content).digest("hex"),
  };
}

/** A last line without an end is a line too. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function longestOf(lines: readonly string[]): TextFacts["longest"] {
  let longest = { line: 0, length: 0 };
  lines.forEach(({ length }, index) => {
    if (length > longest.length) longest = { line: index + 1, length };
  });
  return longest;
}

/** Words of less than four letters say little about a text. */
function countWords(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) {
    if (word.length >= 4) add(counts, word.toLowerCase(), 1);
  }
  return counts;
}

export function add(counts: Map<string, number>, word: string, count: number): void {
  counts.set(word, (counts.get(word) ?? 0) + count);
}

/** Equal counts in the order of the alphabet, so that the same files always give the same report. */
export function mostFrequent(counts: ReadonlyMap<string, number>, most: number): readonly WordCount[] {
  return [...counts]
    .map(([word, count]) => ({ word, count }))
    .toSorted((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
    .slice(0, most);
}
