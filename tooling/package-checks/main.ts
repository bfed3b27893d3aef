// `pnpm package-checks`: looks at the packages as their users get them, because tests run on sources and would not
// notice a file missing from a tarball, a wrong `exports` or declarations that only compile in here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";
import { importTime, installedAlone, packedSize } from "./core.ts";
import { buildFresh, pack } from "./pack.ts";
import { conformance, installAll, oldestNode, typeCheck } from "./smoke.ts";

const folder = mkdtempSync(join(tmpdir(), "wfe-packages-"));
const failed: string[] = [];

/** A check passes if it resolves; what it resolves to is said. */
async function check(name: string, body: () => Promise<string | void>): Promise<void> {
  try {
    console.log(`ok      ${name}${suffix(await body())}`);
  } catch (error) {
    failed.push(name);
    console.error(`FAILED  ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function suffix(remark: string | void): string {
  return remark ? `: ${remark}` : "";
}

async function passes(program: string, ...args: readonly string[]): Promise<void> {
  if ((await command(program, args)) !== 0) throw new Error("see above");
}

try {
  await buildFresh();
  const packages = await pack(folder);
  for (const { name, tarball } of packages) {
    await check(`${name}: publint`, () => passes("publint", "run", tarball, "--strict"));
    await check(`${name}: are the types wrong?`, () =>
      passes("attw", tarball, "--profile", "esm-only", "--quiet"),
    );
  }
  const core = packages.find(({ name }) => name === "@wfe/core");
  if (core) {
    await check("@wfe/core: packed size", () => packedSize(core));
    await check("@wfe/core: brings nothing else", () => installedAlone(core, folder));
    await check("@wfe/core: import time", () => importTime(folder));
  }
  await check("all packages install together", () => installAll(packages, folder));
  await check("types, as a user compiles against them", () => typeCheck(folder));
  await check("a first program on the oldest Node supported", () => oldestNode(packages, folder));
  await check("an adapter's conformance test with the installed kit", () => conformance(folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (failed.length > 0) console.error(`failed: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
