import Table from "cli-table3";
import { type FolderIndex, largest } from "./index-of.ts";

const LISTED = 10;

/** The tables that the terminal shows. */
export function summaryOf(index: FolderIndex): string {
  const parts = [totalsOf(index)];
  if (index.failed.length > 0) parts.push(failuresOf(index));
  return parts.join("\n");
}

function totalsOf(index: FolderIndex): string {
  const { totals, longest, frequent, files, failed } = index;
  const table = new Table({ style: { head: [], border: [] } });
  table.push(
    { "files indexed": show(files.length) },
    { "files that failed": show(failed.length) },
    { lines: show(totals.lines) },
    { words: show(totals.words) },
    { "frequent words": frequent.map(({ word, count }) => `${word} ${show(count)}`).join("\n") },
    {
      "longest line": longest
        ? `${show(longest.length)} characters, ${longest.path}:${longest.line}`
        : "none",
    },
    {
      "most lines": largest(index, 5)
        .map(({ path, lines }) => `${show(lines)} in ${path}`)
        .join("\n"),
    },
  );
  return table.toString();
}

function failuresOf({ failed }: FolderIndex): string {
  const table = new Table({ head: ["failed", "because"], style: { head: [], border: [] } });
  for (const { path, reason } of failed.slice(0, LISTED)) table.push([path, reason]);
  const more = failed.length - LISTED;
  if (more > 0) table.push([`and ${show(more)} more`, "see the report"]);
  return table.toString();
}

function show(count: number): string {
  return count.toLocaleString("en");
}
