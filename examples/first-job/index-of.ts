import { add, mostFrequent, type TextFacts, type WordCount } from "./text.ts";

/** What became of one file. Tasks hand each other plain data: what JSON can hold. */
export type FileEntry = IndexedFile | FailedFile;

export interface IndexedFile extends TextFacts {
  readonly kind: "indexed";
  readonly path: string;
}

export interface FailedFile {
  readonly kind: "failed";
  readonly path: string;
  readonly reason: string;
}

export interface FolderIndex {
  readonly folder: string;
  readonly totals: { readonly bytes: number; readonly lines: number; readonly words: number };
  /** Summed over each file's twenty most frequent ones. */
  readonly frequent: readonly WordCount[];
  readonly longest: { readonly path: string; readonly line: number; readonly length: number } | null;
  readonly files: readonly IndexedFile[];
  readonly failed: readonly FailedFile[];
}

export function merge(folder: string, entries: readonly FileEntry[]): FolderIndex {
  const files = entries.filter((entry) => entry.kind === "indexed");
  const counts = new Map<string, number>();
  for (const { frequent } of files) for (const { word, count } of frequent) add(counts, word, count);
  const total = (count: (file: IndexedFile) => number) => files.reduce((sum, file) => sum + count(file), 0);
  return {
    folder,
    totals: {
      bytes: total((file) => file.bytes),
      lines: total((file) => file.lines),
      words: total((file) => file.words),
    },
    frequent: mostFrequent(counts, 10),
    longest: longestOf(files),
    files,
    failed: entries.filter((entry) => entry.kind === "failed"),
  };
}

function longestOf(files: readonly IndexedFile[]): FolderIndex["longest"] {
  let longest: IndexedFile | undefined;
  for (const file of files) if (file.longest.length > (longest?.longest.length ?? 0)) longest = file;
  return longest ? { path: longest.path, ...longest.longest } : null;
}

export function largest(index: FolderIndex, most: number): readonly IndexedFile[] {
  return index.files.toSorted((a, b) => b.lines - a.lines || (a.path < b.path ? -1 : 1)).slice(0, most);
}
