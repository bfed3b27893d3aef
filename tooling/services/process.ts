import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process on record. `bornAt` tells it from another one that was given the same pid after its end. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly bornAt: string;
}

/** When the process was started (clock ticks since boot), or undefined if it has ended. */
export function birthOf(pid: number): string | undefined {
  if (process.platform !== "linux") return signalled(pid, 0) ? "unknown" : undefined;
  try {
    // "pid (name) state … threads … starttime …": fields 3, 20 and 22. The name may hold spaces: count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A killed process is a zombie as soon as its main thread is; its sockets close with the last thread.
    const ended = fields[0] === "Z" && Number(fields[17]) <= 1;
    return ended ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function isAlive({ pid, bornAt }: ProcessRecord): boolean {
  return birthOf(pid) === bornAt;
}

/** False if there is no such process (any more). */
export function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Asks the process to end, waits, and ends it by force if it does not. Only ever by pid. */
export async function stopProcess(record: ProcessRecord, patienceMs = 20_000): Promise<void> {
  if (isAlive(record)) signalled(record.pid, "SIGTERM");
  if (await ended(record, patienceMs)) return;
  signalled(record.pid, "SIGKILL");
  if (!(await ended(record, 5_000))) throw new Error(`${record.name} (pid ${record.pid}) cannot be stopped`);
}

/** Ends the process at once, as a crash would. */
export async function killProcess(record: ProcessRecord): Promise<void> {
  if (isAlive(record)) signalled(record.pid, "SIGKILL");
  await ended(record, 5_000);
}

async function ended(record: ProcessRecord, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; isAlive(record); await delay(10)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}
