import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

/**
 * Pages that cannot rot. A snippet stands in a page under a comment with its path, followed by what it prints:
 *
 *     <!-- docs/snippets/first-program.ts -->
 *     ```ts … ```
 *     ```text … ```
 */
const SNIPPET = /<!-- (docs\/snippets\/[\w.-]+\.ts) -->\n+```ts\n(.*?)```\n(?:\n*```text\n(.*?)```\n)?/gs;
const LINK = /\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g;

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const found = (pattern: string): string[] =>
  globSync(pattern, { cwd: root, exclude: ["**/node_modules/**"] });
const pages = found("{*,docs/**/*,packages/*/README,examples/*/README}.md").toSorted();
/** What a reader clicks on and jumps to is prose, not code. */
const prose = (page: string): string => read(page).replaceAll(/```.*?```/gs, "");
const shown = pages.flatMap((page) =>
  [...read(page).matchAll(SNIPPET)].map(([, path = "", code = "", output = ""]) => ({
    page,
    path,
    code,
    output,
  })),
);

async function run(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 60_000 });
  return stdout;
}

/** As GitHub names a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

/** Links to files that do not exist, and to headings that the file does not have. */
function deadLinks(page: string): string[] {
  return [...prose(page).matchAll(LINK)]
    .filter(([, path = "", anchor]) => {
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    })
    .map(([link]) => link);
}

describe.concurrent("snippets", () => {
  test("each one is shown in a page", ({ expect: check }) => {
    check([...new Set(shown.map(({ path }) => path))].toSorted()).toEqual(
      found("docs/snippets/*.ts").toSorted(),
    );
  });

  test("all of them compile", { timeout: 120_000 }, async () => {
    await run("node_modules/typescript/bin/tsc", "-p", "docs");
  });

  test.for(shown)(
    "$path does what $page says",
    { timeout: 120_000 },
    async ({ path, code, output }, { expect: check }) => {
      check(code).toBe(read(path));
      if (path.endsWith(".test.ts")) return; // vitest runs it: array-broker.test.ts
      check(await run("--conditions=@wfe/source", path)).toBe(output);
    },
  );
});

test.for(pages)("links of %s lead somewhere", (page) => {
  expect(deadLinks(page)).toEqual([]);
});
