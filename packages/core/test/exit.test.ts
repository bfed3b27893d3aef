import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly string[];
}

/** Runs a script of ./scripts; `each` hears its lines as they come, and may send signals. */
function run(
  script: string,
  args: readonly string[],
  each: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const path = new URL(`./scripts/${script}.ts`, import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=@wfe/source", "--no-warnings", path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const hear = (chunk: Buffer): void => {
    for (const line of String(chunk).split("\n").filter(Boolean)) {
      lines.push(line);
      each(line, (signal) => child.kill(signal));
    }
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, lines });
    });
  });
}

describe.skipIf(process.platform === "win32")("the end of a process", { timeout: 20_000 }, () => {
  it("comes by itself after stop(): no timer, listener or handle is left", async () => {
    expect(await run("ends", [])).toEqual({ code: 0, signal: null, lines: ["3", "stopped"] });
  });

  it("comes by itself though a task was abandoned and another waits for tomorrow", async () => {
    expect(await run("ends", ["abandon"])).toEqual({ code: 0, signal: null, lines: ["3", "stopped"] });
  });

  it("is graceful after one SIGTERM: what runs may end", async () => {
    const ended = await run("waits", ["ends"], (line, kill) => line === "running" && kill("SIGTERM"));
    expect(ended).toEqual({ code: 0, signal: null, lines: ["running", "task done", "stopped"] });
  });

  it("hears SIGINT as it hears SIGTERM", async () => {
    const ended = await run("waits", ["never"], (line, kill) => {
      if (line !== "running") return;
      kill("SIGINT");
      setTimeout(() => kill("SIGINT"), 100);
    });
    expect(ended).toEqual({ code: 0, signal: null, lines: ["running", "stopped"] });
  });

  it("comes at once after the second SIGTERM: what runs is given back", async () => {
    const startedAt = performance.now();
    const ended = await run("waits", ["never"], (line, kill) => {
      if (line !== "running") return;
      kill("SIGTERM");
      setTimeout(() => kill("SIGTERM"), 100);
    });
    expect(ended).toEqual({ code: 0, signal: null, lines: ["running", "stopped"] });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
