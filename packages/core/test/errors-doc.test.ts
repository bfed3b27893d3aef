import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const sorted = (matches: Iterable<RegExpMatchArray>): string[] =>
  [...matches].map(([, name = ""]) => name).toSorted();

const page = read("../../../docs/errors.md");

test("docs/errors.md has a section for each code, and for nothing else", () => {
  const codes = sorted(read("../src/errors.ts").matchAll(/^ {2}\| "(WFE_\w+)"/gm));
  expect(codes).not.toEqual([]);
  expect(sorted(page.matchAll(/^### (\w+)$/gm))).toEqual(codes);
});

test("docs/errors.md has a row for each reason of a dead letter, and for nothing else", () => {
  const reasons = sorted(read("../src/deadletter.ts").matchAll(/^ {2}\| "([A-Z_]+)"/gm));
  expect(reasons).not.toEqual([]);
  expect(sorted(page.matchAll(/^\| `([A-Z_]+)` \|/gm))).toEqual(reasons);
});
