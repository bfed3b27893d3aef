import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "../../figures.ts";
import type { Run } from "../../suite.ts";

const execute = promisify(execFile);
const core = fileURLToPath(new URL("../../../packages/core/", import.meta.url));

/** What people import and download is the built package: builds it where it is older than its sources. */
export async function buildCore(): Promise<undefined> {
  const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
  await execute(process.execPath, [tsc, "-b", core]);
}

/** `import "@wfe/core"` in a process that has loaded nothing yet: the median of a few, in ms. */
export const importTime: Run = async (how) => {
  const script = `const t = performance.now(); await import("@wfe/core"); console.log(performance.now() - t)`;
  const times: number[] = [];
  for (let left = how.quick ? 5 : 15; left > 0; left -= 1) {
    const { stdout } = await execute(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
    });
    times.push(Number(stdout));
  }
  return median(times);
};

/** What `npm install @wfe/core` downloads, in kB. */
export const packedSize: Run = async () => {
  const { stdout } = await execute("npm", ["pack", "--dry-run", "--json"], { cwd: core });
  const [packed] = JSON.parse(stdout) as readonly { readonly size: number }[];
  return (packed?.size ?? NaN) / 1000;
};
