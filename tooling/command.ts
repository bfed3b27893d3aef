import { spawn, type SpawnOptions } from "node:child_process";
import { constants } from "node:os";

export interface CommandOptions extends Pick<SpawnOptions, "cwd" | "env" | "stdio"> {
  /** Passed on to the child as SIGTERM; its exit code is still awaited. */
  readonly signal?: AbortSignal;
}

/** Runs a program with our terminal; resolves to its exit code (128 + n if signal n ended it). */
export function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<number> {
  const { signal, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", ...spawnOptions });
    const stop = () => void child.kill("SIGTERM");
    signal?.addEventListener("abort", stop);
    child.on("error", reject);
    child.on("exit", (code, killedBy) => {
      signal?.removeEventListener("abort", stop);
      resolve(code ?? 128 + constants.signals[killedBy ?? "SIGTERM"]);
    });
  });
}

/** Runs a program silently; resolves to what it printed, rejects with what it complained about. */
export function output(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let complaints = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${out}${complaints}`));
    });
  });
}
