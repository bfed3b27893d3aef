import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process in a group of its own. */
export interface Started extends AsyncDisposable {
  /** Resolves with the first line that fits; rejects if the process ends without it, or after `limitMs`. */
  line(fits: (line: string) => boolean, limitMs: number): Promise<string>;
  /** CPU time of the group so far, in ms. */
  cpuMs(): number;
  /** Memory of the group, in bytes. */
  rss(): number;
  /** Ends its standard input, on which our programs end, and waits; after a while it is killed. */
  stop(): Promise<void>;
  /** SIGKILL to the whole group. */
  kill(): Promise<void>;
}

const END_LIMIT_MS = 5000;
const running = new Set<ChildProcess>();

/** Whatever ends this process ends those that it started. */
function watchOver(child: ChildProcess): void {
  if (process.listenerCount("exit", killAll) === 0) {
    process.on("exit", killAll);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
  }
  running.add(child);
}

function killAll(): void {
  running.forEach(killGroup);
}

export function start({ program, args, env }: Command): Started {
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  watchOver(child);
  const ended = new Promise<Error>((resolve) => {
    child.on("error", resolve);
    child.on("close", (code, signal) =>
      resolve(new Error(`${program} ${args.join(" ")} ended with ${signal ?? code}`)),
    );
  });
  void ended.then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const kill = async (): Promise<void> => {
    killGroup(child);
    await ended;
  };
  return {
    line: (fits, limitMs) =>
      new Promise((resolve, reject) => {
        const late = () => reject(new Error(`${program} ${args.join(" ")}: no answer within ${limitMs} ms`));
        const timer = setTimeout(late, limitMs);
        lines.on("line", (line) => void (fits(line) && resolve(line)));
        void ended.then(reject).finally(() => clearTimeout(timer));
      }),
    cpuMs: () => group(child).reduce((all, { cpuMs }) => all + cpuMs, 0),
    rss: () => group(child).reduce((all, { rss }) => all + rss, 0),
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => killGroup(child), END_LIMIT_MS);
      await ended;
      clearTimeout(timer);
      killGroup(child);
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // all of it has ended
  }
}

interface Usage {
  readonly cpuMs: number;
  readonly rss: number;
}

const PAGE_BYTES = 4096;

/** From Linux's /proc: this benchmark has no other source. */
function group({ pid }: ChildProcess): readonly Usage[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // "pid (name) state ppid pgrp … rss": fields 5 and 24. The name may hold spaces: count from its end.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      if (fields[2] !== pid) return [];
      return [{ cpuMs: cpuMs(`/proc/${name}/task`), rss: (fields[21] ?? 0) * PAGE_BYTES }];
    } catch {
      return []; // ended meanwhile
    }
  });
}

/** Of all threads. `stat` would say it in hundredths of a second, too coarse for a worker that is idle. */
function cpuMs(threads: string): number {
  const spent = readdirSync(threads).map((id) =>
    parseInt(readFileSync(`${threads}/${id}/schedstat`, "utf8")),
  );
  return spent.reduce((all, ns) => all + ns, 0) / 1e6;
}
