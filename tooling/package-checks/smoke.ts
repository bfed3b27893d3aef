import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../command.ts";
import type { Packed } from "./pack.ts";

/** The programs of a user, which are copied to where only the tarballs are installed. */
const consumer = join(import.meta.dirname, "consumer");

/** Installs all tarballs with npm, which adds the peers (vendor clients, vitest), and the oldest Node they promise. */
export async function installAll(packages: readonly Packed[], folder: string): Promise<void> {
  const home = homeIn(folder);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ type: "module" }));
  cpSync(consumer, home, { recursive: true });
  const tarballs = packages.map(({ tarball }) => tarball);
  await output("npm", ["install", "--no-audit", "--no-fund", ...tarballs, `node@${oldestOf(packages)}`], {
    cwd: home,
  });
}

/** With the declarations' own errors counted, and written out as JavaScript for the next step. */
export async function typeCheck(folder: string): Promise<void> {
  const home = homeIn(folder);
  const options = {
    target: "es2022",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    outDir: "out",
  };
  const types = { types: ["node"], typeRoots: [join(import.meta.dirname, "../../node_modules/@types")] };
  const compilerOptions = { ...options, ...types, rootDir: "." };
  writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  await output("tsc", ["-p", home]);
}

/** Imports every package and runs the program, on the lowest version that `engines` allows. */
export async function oldestNode(packages: readonly Packed[], folder: string): Promise<string> {
  const home = homeIn(folder);
  const node = join(home, "node_modules", "node", "bin", "node");
  // The kit can only be imported by a test runner: see `conformance`.
  const plain = packages.filter(({ manifest }) => !manifest.peerDependencies?.vitest);
  const program = plain
    .map(
      ({ name }) =>
        `if (Object.keys(await import("${name}")).length === 0) throw new Error("${name} exports nothing");`,
    )
    .join("\n");
  await output(node, ["--input-type=module", "-e", program], { cwd: home });
  return (await output(node, ["out/program.js"], { cwd: home })).trim();
}

export async function conformance(folder: string): Promise<void> {
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  await output(process.execPath, [vitest, "run", "conformance.test.ts"], { cwd: homeIn(folder) });
}

function homeIn(folder: string): string {
  return join(folder, "consumer");
}

/** `engines` says ">=22.12": 22.12.0. */
function oldestOf(packages: readonly Packed[]): string {
  const ranges = new Set(packages.map(({ manifest }) => manifest.engines.node));
  const version = /^>=(\d+\.\d+)$/.exec([...ranges].join())?.[1];
  if (version === undefined)
    throw new Error(`expected one range like ">=22.12" in engines, got ${[...ranges].join(", ")}`);
  return `${version}.0`;
}
