import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "./ports.ts";
import { birthOf, isAlive, type ProcessRecord } from "./process.ts";
import type { Environment, Place } from "./service.ts";

/** What another process needs to know about a running service: `record.json` in its folder. */
interface PlaceRecord {
  readonly ports: { [name: string]: number };
  processes: readonly ProcessRecord[];
  /** There once the service is ready. */
  environment?: Environment;
}

export interface RecordedPlace extends Place {
  readonly record: Readonly<PlaceRecord>;
  /** Ready, and none of its processes has ended. */
  isRunning(): boolean;
  markReady(environment: Environment): void;
  /** Forgets the processes, which have ended; data and ports stay for a restart. */
  forgetProcesses(): void;
  remove(): void;
}

export interface PlaceOptions {
  readonly args?: readonly string[];
  /** Makes `until` reject. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens the folder of a service, with what was recorded there before. */
export function openPlace(folder: string, { args = [], signal }: PlaceOptions = {}): RecordedPlace {
  const file = join(folder, "record.json");
  const record: PlaceRecord = existsSync(file) ? read(file) : { ports: {}, processes: [] };
  const save = () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(record, undefined, 2));
    renameSync(`${file}.new`, file);
  };
  return {
    folder,
    args,
    record,
    async port(name) {
      record.ports[name] ??= await freePort();
      save();
      return record.ports[name];
    },
    spawn(name, program, programArgs, environment = {}) {
      mkdirSync(folder, { recursive: true });
      const pid = spawnDetached(join(folder, `${name}.log`), program, programArgs, { folder, environment });
      record.processes = [...record.processes, { name, pid, bornAt: birthOf(pid) ?? "ended at once" }];
      save();
    },
    until: (what, check, timeoutMs = 30_000) => until({ folder, record, signal, what, check, timeoutMs }),
    isRunning: () => record.environment !== undefined && record.processes.every(isAlive),
    markReady(environment) {
      record.environment = environment;
      save();
    },
    forgetProcesses() {
      record.processes = [];
      delete record.environment;
      save();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function read(file: string): PlaceRecord {
  return JSON.parse(readFileSync(file, "utf8")) as PlaceRecord;
}

/** In a session of its own, so that Ctrl-C in our terminal does not reach it. */
function spawnDetached(
  log: string,
  program: string,
  args: readonly string[],
  { folder, environment }: { folder: string; environment: Environment },
): number {
  const output = openSync(log, "w");
  try {
    const child = spawn(program, args, {
      cwd: folder,
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ["ignore", output, output],
    });
    child.on("error", () => {}); // no pid then: reported just below
    child.unref();
    if (child.pid === undefined) throw new Error(`${program} could not be started`);
    return child.pid;
  } finally {
    closeSync(output);
  }
}

interface Wait {
  readonly folder: string;
  readonly record: Readonly<PlaceRecord>;
  readonly signal: AbortSignal | undefined;
  readonly what: string;
  readonly check: () => boolean | Promise<boolean>;
  readonly timeoutMs: number;
}

async function until({ folder, record, signal, what, check, timeoutMs }: Wait): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const dead = record.processes.find((process) => !isAlive(process));
    if (dead) throw new Error(`${dead.name} ended while we waited until ${what}\n${logs(folder)}`);
    const answer = await Promise.resolve().then(check).catch(String); // mostly "connection refused", for a while
    if (answer === true) return;
    if (Date.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${what} (${answer})\n${logs(folder)}`);
    await delay(20);
  }
}

/** The last lines of every log, for error messages. */
function logs(folder: string): string {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".log"))
    .map(
      (name) => `--- ${name}\n${readFileSync(join(folder, name), "utf8").split("\n").slice(-15).join("\n")}`,
    )
    .join("\n");
}
