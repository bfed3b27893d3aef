import { randomUUID } from "node:crypto";
import { discard, placeOf, start, stop } from "./lifecycle.ts";
import { isAlive, killProcess, signalled, type ProcessRecord } from "./process.ts";
import { redis } from "./redis.ts";
import type { Environment, Service } from "./service.ts";

/** A server of one test's own, which it may crash. `await using` stops it and removes its data. */
export interface PrivateServer extends AsyncDisposable {
  readonly environment: Environment;
  /** Those running now; a restart gives them new pids. */
  readonly processes: readonly ProcessRecord[];
  /** Asks it to end and waits until it has. Data and ports stay. */
  stop(): Promise<void>;
  /** Ends it as a crash would: all of it, or the process of this name. Data (as far as saved) and ports stay. */
  kill(name?: string): Promise<void>;
  /** Stops it if it still runs; then starts it at the same ports with the same data, and waits until it is ready. */
  restart(): Promise<void>;
}

export interface PrivateOptions {
  /** What to add to the server's command line or configuration: see the service. */
  readonly args?: readonly string[];
}

/** Starts a server beside the shared ones. Rejects if its program is not installed: ask `service.find()` before. */
export async function startPrivate(service: Service, options: PrivateOptions = {}): Promise<PrivateServer> {
  const program = service.find();
  if (!program) throw new Error(`${service.name} is not installed on this machine`);
  const run = `private-${randomUUID().slice(0, 8)}-${process.pid}`;
  const place = placeOf(run, service, options);
  const killAll = () => place.record.processes.forEach(({ pid }) => signalled(pid, "SIGKILL"));
  process.once("exit", killAll); // a test that forgot
  const environment = await start(service, place, program);
  return {
    environment,
    get processes() {
      return place.record.processes.filter(isAlive);
    },
    stop: () => stop(service, place),
    async kill(name) {
      const doomed = place.record.processes.filter((record) => name === undefined || record.name === name);
      await Promise.all(doomed.map(killProcess));
    },
    async restart() {
      await start(service, place, program);
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", killAll);
      await discard(run, [service]);
    },
  };
}

export interface PrivateRedis extends PrivateServer {
  readonly url: string;
  readonly pid: number | undefined;
}

/** `args` are options of redis-server. Without any, it keeps nothing on disk: a restart finds it empty. */
export async function startRedis(options?: PrivateOptions): Promise<PrivateRedis> {
  const server = await startPrivate(redis, options);
  return Object.defineProperties(server, {
    url: { value: server.environment.WFE_TEST_REDIS_URL },
    pid: { get: () => server.processes[0]?.pid },
  }) as PrivateRedis;
}
