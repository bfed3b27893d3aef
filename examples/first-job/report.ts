import { writeFile } from "node:fs/promises";
import { type FolderIndex, largest } from "./index-of.ts";

export async function writeJson(file: string, index: FolderIndex): Promise<void> {
  await writeFile(file, `${JSON.stringify(index, null, 2)}\n`);
}

export async function writeMarkdown(file: string, index: FolderIndex): Promise<void> {
  await writeFile(file, markdownOf(index));
}

export function markdownOf(index: FolderIndex): string {
  const { folder, totals, frequent, longest, files, failed } = index;
  return [
    `# Index of ${folder}`,
    `${files.length} files, ${totals.lines} lines, ${totals.words} words, ${totals.bytes} bytes.`,
    longest
      ? `The longest line has ${longest.length} characters: ${longest.path}:${longest.line}.`
      : "There is no line.",
    "## Most frequent words",
    table(
      ["word", "times"],
      frequent.map(({ word, count }) => [word, count]),
    ),
    "## Largest files",
    table(
      ["file", "lines", "words", "longest line", "SHA-256"],
      largest(index, 50).map((one) => [one.path, one.lines, one.words, one.longest.length, one.sha256]),
    ),
    `## Not indexed: ${failed.length}`,
    table(
      ["file", "reason"],
      failed.map(({ path, reason }) => [path, reason]),
    ),
    "",
  ].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(value: string | number): string {
  return String(value).replaceAll("|", "\\|").replaceAll("\n", " ");
}
