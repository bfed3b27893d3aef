import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../command.ts";
import type { Packed } from "./pack.ts";

const limits = { packedBytes: 60_000, importMs: 40 };

export async function packedSize({ bytes }: Packed): Promise<string> {
  return within(bytes, limits.packedBytes, "bytes");
}

/** Installs core with npm in an empty folder: nothing but core may appear. */
export async function installedAlone({ tarball }: Packed, folder: string): Promise<void> {
  const alone = aloneIn(folder);
  mkdirSync(alone);
  writeFileSync(join(alone, "package.json"), "{}");
  await output("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: alone });
  const installed = readdirSync(join(alone, "node_modules"), { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith("package.json"),
  );
  if (installed.length !== 1) throw new Error(`installed with it: ${installed.join(", ")}`);
}

/**
 * The median of 15 fresh processes, each timing its own `await import("@wfe/core")` by `performance.now()`:
 * with reading and compiling core and the Node modules it uses, without the start of Node itself.
 */
export async function importTime(folder: string): Promise<string> {
  const program = `const start = performance.now(); await import("@wfe/core"); console.log(performance.now() - start)`;
  const times: number[] = [];
  for (let run = 0; run < 15; run++) {
    times.push(
      Number(
        await output(process.execPath, ["--input-type=module", "-e", program], { cwd: aloneIn(folder) }),
      ),
    );
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
  return `${within(median, limits.importMs, "ms")}, median of ${times.length} fresh processes`;
}

function aloneIn(folder: string): string {
  return join(folder, "core-alone");
}

function within(value: number, limit: number, unit: string): string {
  const text = `${value.toLocaleString("en", { maximumFractionDigits: 1 })} ${unit}, limit ${limit.toLocaleString("en")}`;
  if (!(value <= limit)) throw new Error(text);
  return text;
}
