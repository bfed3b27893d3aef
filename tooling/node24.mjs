// The part of the tooling that must run on a bare Node 20 with npm: no dependency, no types.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const node24 = join(root, "node_modules", "node", "bin", "node");
const stamp = join(root, "node_modules", ".installed-lock");

/** Installs what the lock file says, unless that is what was installed last. Resolves to an exit code. */
export async function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  if (existsSync(node24) && existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return 0;
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.error(`wfe: installing dependencies with ${packageManager} (only when pnpm-lock.yaml changed) …`);
  // CI: never ask whether an old node_modules may be replaced.
  const code = await spawned(
    "npx",
    ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"],
    {
      env: { ...process.env, CI: "true" },
      stdio: ["ignore", 2, 2],
    },
  );
  if (code === 0) writeFileSync(stamp, lock);
  else console.error(`wfe: the installation failed (exit code ${code}); the lines above say why.`);
  return code;
}

/** Runs the repository's own Node, at the root, with the installed programs first on the PATH. */
export function run(args) {
  const env = { ...process.env, PATH: bin + delimiter + process.env.PATH };
  return spawned(node24, args, { env, stdio: "inherit" });
}

/** Resolves to the child's exit code, or to 128 + n if signal n ended it, as a shell reports it. */
function spawned(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, ...options });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      // We stay until the child has ended, because it may have servers to stop. A terminal sends Ctrl-C to
      // the child too: passing it on would look like an impatient second one.
      process.on(signal, () => void ((signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal)));
    }
    child.on("error", (error) => {
      console.error(`wfe: ${program} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
