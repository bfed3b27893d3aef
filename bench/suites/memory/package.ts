import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { basename, delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { median } from "../../figures.ts";
import type { Run } from "../../suite.ts";

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");
/** As deep as packages/core is, so that its tsconfig and its build script find what they name. */
const copy = join(root, "bench/.core");

/** Builds a copy of @wfe/core, so that nothing of earlier builds is in it, and nobody's build is disturbed. */
async function build(): Promise<void> {
  await rm(copy, { recursive: true, force: true });
  const isSource = (path: string) => !["dist", "node_modules", "test"].includes(basename(path));
  await cp(join(root, "packages/core"), copy, { recursive: true, filter: isSource });
  const bin = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` };
  await execute(process.execPath, ["../../tooling/build-package.ts"], { cwd: copy, env });
}

/** `import "@wfe/core"` in a process that has loaded nothing yet: the median of a few, in ms. */
export const importTime: Run = async (how) => {
  await build();
  const script = `const t = performance.now(); await import("./dist/index.js"); console.log(performance.now() - t)`;
  const times: number[] = [];
  for (let left = how.quick ? 5 : 15; left > 0; left -= 1) {
    const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: copy,
    });
    times.push(Number(stdout));
  }
  return median(times);
};

/** What `npm install @wfe/core` downloads, in kB. */
export const packedSize: Run = async () => {
  await build();
  const { stdout } = await execute("npm", ["pack", "--dry-run", "--json"], { cwd: copy });
  const [packed] = JSON.parse(stdout) as readonly { readonly size: number }[];
  return (packed?.size ?? NaN) / 1000;
};
