import { defineTask, exponential } from "@wfe/core";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readerLimit, ReadersBusy } from "./readers.ts";
import { type FileEntry, type FolderIndex, merge } from "./index-of.ts";
import { writeJson, writeMarkdown } from "./report.ts";
import { describeText } from "./text.ts";

const withReader = readerLimit(8, 5);

/**
 * Two kinds of trouble, two answers. All readers busy: that passes, so it is thrown, and the queue runs the task again.
 * A file that is binary, unreadable or gone stays so: that is an answer like any other. Were it thrown, the task would
 * fail for good, and with it the chord, whose callback runs only when all its members have succeeded.
 */
async function indexFile(folder: string, path: string): Promise<FileEntry> {
  try {
    const content = await withReader(() => readFile(join(folder, path)));
    return { kind: "indexed", path, ...describeText(content) };
  } catch (error) {
    if (error instanceof ReadersBusy) throw error;
    return { kind: "failed", path, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function mergeFiles(folder: string, entries: readonly FileEntry[]): Promise<FolderIndex> {
  return merge(folder, entries);
}

async function saveJson(reportFolder: string, index: FolderIndex): Promise<FolderIndex> {
  await writeJson(join(reportFolder, "index.json"), index);
  return index;
}

async function saveMarkdown(reportFolder: string, index: FolderIndex): Promise<FolderIndex> {
  await writeMarkdown(join(reportFolder, "report.md"), index);
  return index;
}

export const tasks = {
  /** Up to a hundred more runs: after about 10 ms, 20 ms, 40 ms, … and at most 2 s, each a little off, so that not all come back at once. */
  indexFile: defineTask(indexFile, {
    defaults: { retries: 100, backoff: exponential({ baseMs: 10, maxMs: 2000 }) },
  }),
  mergeFiles,
  saveJson,
  saveMarkdown,
};
