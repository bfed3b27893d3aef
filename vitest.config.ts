import { globSync } from "node:fs";
import { dirname } from "node:path";
import { defineConfig } from "vitest/config";

/** Tests run on the sources of every package: nothing is built first, and stack traces point at what you edit. */
const conditions = ["@wfe/source", "node", "import", "module", "default"];

/** "redis" for packages/redis/test, "example-redis" for examples/redis/test. */
function nameOf(folder: string): string {
  const [top, name = top] = dirname(folder).split("/");
  return top === "examples" ? `example-${name}` : (name as string);
}

/** One project per folder that has tests, found by looking: a new package needs no edit here. */
const projects = globSync(["packages/*/test", "examples/*/test", "tooling/test"]).map((folder) => ({
  extends: true as const,
  root: dirname(folder),
  test: { name: nameOf(folder), include: ["test/**/*.test.ts"] },
}));

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects,
    retry: 0,
  },
});
