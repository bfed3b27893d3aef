import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "interop");
const program = join(tmpdir(), "wfe-interop");

/** Go, where this machine has it. */
export const go: string | undefined = ["/usr/local/go/bin/go", "/usr/bin/go", "/usr/lib/go/bin/go"].find(
  existsSync,
);

/** Builds the program of `interop/main.go`. Slow at the first time: machinery brings all of its vendors. */
export async function buildMachinery(): Promise<void> {
  await run(go ?? "go", ["build", "-o", program, "."], { cwd: folder });
}

/** Runs it to its end; what it printed. */
export async function machinery(address: string, mode: string, queue: string): Promise<string> {
  const { stdout } = await run(program, [mode, queue], { env: { REDIS_ADDR: address }, timeout: 30_000 });
  return stdout.trim();
}

export interface MachineryWorker extends AsyncDisposable {
  /** A line per task that it ran. */
  readonly ran: readonly string[];
}

/** Starts a worker of machinery, and resolves when it is ready. */
export async function startMachineryWorker(address: string, queue: string): Promise<MachineryWorker> {
  const child = spawn(program, ["worker", queue], {
    env: { REDIS_ADDR: address },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ran: string[] = [];
  const ready = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "ready") ready.resolve();
    if (line.startsWith("ran ")) ran.push(line.slice(4));
  });
  void ended.then(() => ready.reject(new Error("the worker ended before it was ready")));
  await ready.promise;
  return {
    ran,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
