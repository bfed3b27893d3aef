import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openPlace, type PlaceOptions, type RecordedPlace } from "./place.ts";
import { birthOf, stopProcess } from "./process.ts";
import type { Environment, Service } from "./service.ts";

/** `.services/<run>/<service>/`: "dev" is what `up` starts by hand, every test run and private server has its own. */
const base = join(import.meta.dirname, "../../.services");

export type Outcome =
  | {
      readonly service: Service;
      readonly how: "given" | "running" | "started";
      readonly environment: Environment;
    }
  | { readonly service: Service; readonly how: "skipped" | "failed"; readonly reason: string };

export function placeOf(run: string, service: Service, options?: PlaceOptions): RecordedPlace {
  return openPlace(join(base, run, service.name), options);
}

/**
 * Makes the services available, in parallel. Never rejects: says per service what became of it.
 * Once `signal` aborts, what is not ready yet is stopped again.
 */
export async function up(run: string, wanted: readonly Service[], signal?: AbortSignal): Promise<Outcome[]> {
  const programs = await provide(wanted.filter((service) => !existing(run, service)));
  return Promise.all(
    wanted.map(async (service): Promise<Outcome> => {
      const found = existing(run, service);
      if (found) return found;
      const program = programs.get(service);
      if (program instanceof Error) return { service, how: "skipped", reason: program.message };
      if (program === undefined)
        return { service, how: "failed", reason: "its record changed under our hands" };
      try {
        return {
          service,
          how: "started",
          environment: await start(service, placeOf(run, service, { signal }), program),
        };
      } catch (error) {
        return { service, how: "failed", reason: String(error) };
      }
    }),
  );
}

/** The server that the environment names, or the one that is running already. */
export function existing(run: string, service: Service): Outcome | undefined {
  const given = service.variables.map((name) => [name, process.env[name] ?? ""] as const);
  if (given.every(([, value]) => value !== ""))
    return { service, how: "given", environment: Object.fromEntries(given) };
  const place = placeOf(run, service);
  const { environment } = place.record;
  return place.isRunning() && environment ? { service, how: "running", environment } : undefined;
}

/** Finds or installs each program; one after the other, because package managers do not like company. */
async function provide(wanted: readonly Service[]): Promise<Map<Service, string | Error>> {
  const programs = new Map<Service, string | Error>();
  const reasons = new Map<Service["install"], Error>();
  for (const service of wanted) {
    if (!service.find() && !reasons.has(service.install)) {
      console.error(`services: installing ${service.name} …`);
      await service.install().catch((error: Error) => reasons.set(service.install, error));
    }
    programs.set(
      service,
      service.find() ?? reasons.get(service.install) ?? new Error("not found after its installation"),
    );
  }
  return programs;
}

/** Starts and waits until ready; if that fails, nothing is left running. */
export async function start(service: Service, place: RecordedPlace, program: string): Promise<Environment> {
  await stop(service, place); // what a crash may have left half started
  try {
    const environment = await service.start(place, program);
    await service.ready(place, environment);
    place.markReady(environment);
    return environment;
  } catch (error) {
    await stop(service, place);
    throw error;
  }
}

/** Ends the processes by their pids, together; data and ports stay, so `start` continues where it was. */
export async function stop(service: Service, place: RecordedPlace): Promise<void> {
  const { processes } = place.record;
  if (processes.length === 0) return;
  await Promise.all(processes.map((record) => stopProcess(record)));
  await service.cleanUp?.(place);
  place.forgetProcesses();
}

/** Stops these services of a run and removes their data. Resolves to the names of those that had been started. */
export async function down(run: string, wanted: readonly Service[]): Promise<string[]> {
  const stopped = await Promise.all(
    wanted.map(async (service) => {
      const place = placeOf(run, service);
      const wasStarted = place.record.processes.length > 0;
      await stop(service, place);
      place.remove();
      return wasStarted ? [service.name] : [];
    }),
  );
  return stopped.flat();
}

/** Stops what runs have left behind that were themselves killed. Their names end in the pid of their process. */
export async function sweep(all: readonly Service[]): Promise<void> {
  for (const run of existsSync(base) ? readdirSync(base) : []) {
    const owner = /-(\d+)$/.exec(run)?.[1];
    if (owner !== undefined && birthOf(Number(owner)) === undefined) await discard(run, all);
  }
}

/** Stops all that a run has started, and removes its folder. */
export async function discard(run: string, all: readonly Service[]): Promise<void> {
  await down(run, all);
  rmSync(join(base, run), { recursive: true, force: true });
}
