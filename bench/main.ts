// `npm run bench -- <suite> | docs [--quick] [--rounds n] [--only workload,…] [--systems system,…] [--profile]`; see README.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadSuite, suiteNames } from "./discover.ts";
import { writeTables } from "./docs.ts";
import { figuresOf, type Results } from "./figures.ts";
import { load, machine } from "./machine.ts";
import { hottestFiles, hottestFunctions } from "./profile.ts";
import { headOf, notesOf, sharesOf, tableOf } from "./report.ts";
import { runOnce, runRounds, systemsOf } from "./rounds.ts";
import type { Prepared, Suite, Workload } from "./suite.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    systems: { type: "string", default: "" },
    rounds: { type: "string" },
  },
});

let prepared: Prepared | undefined;
let leaving = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void leave());

const results = fileURLToPath(new URL("results/", import.meta.url));
const [name = ""] = positionals;
if (suiteNames().includes(name)) await bench(await loadSuite(name));
else if (name === "docs") writeTables();
else {
  console.error(
    `usage: npm run bench -- <${suiteNames().join(" | ")}> [--quick] [--rounds n] [--only workload,…] [--systems system,…] [--profile]`,
  );
  process.exitCode = 2;
}

async function bench(suite: Suite): Promise<void> {
  mkdirSync(results, { recursive: true });
  const workloads = chosen(suite);
  const systems = chosenSystems(suite, workloads);
  prepared = await suite.prepare?.(systems);
  for (const [system, reason] of prepared?.leftOut ?? []) {
    console.error(`\n!!! ${system} is LEFT OUT: ${reason}\n`);
    systems.delete(system);
  }
  try {
    await (values.profile ? profile(suite, workloads) : measure(suite, workloads, systems));
  } finally {
    await prepared?.[Symbol.asyncDispose]();
  }
}

/** Runs that go on end as soon as we are gone. */
async function leave(): Promise<void> {
  if (leaving) return; // a terminal's Ctrl-C may come twice: from it, and from npm
  leaving = true;
  await prepared?.[Symbol.asyncDispose]();
  process.exit(1);
}

function chosenSystems(suite: Suite, workloads: readonly Workload[]): Set<string> {
  const all = new Set(workloads.flatMap((workload) => systemsOf(workload, suite)));
  if (values.profile) return new Set(["ours"]);
  const wanted = values.systems.split(",").filter(Boolean);
  for (const system of wanted) if (!all.has(system)) throw new Error(`${suite.name} has no system ${system}`);
  if (wanted.length > 0) return new Set(wanted);
  return values.quick && suite.quickSystems ? new Set(suite.quickSystems) : all;
}

/** `--only task,chord` takes every workload of that name, and those under it: `chord.100`, … */
function chosen(suite: Suite): readonly Workload[] {
  const wanted = values.only.split(",").filter(Boolean);
  const isWanted = (workload: string) =>
    wanted.some((one) => workload === one || workload.startsWith(`${one}.`));
  const isDue = ({ name, notQuick }: Workload) =>
    wanted.length === 0 ? !(values.quick && notQuick) : isWanted(name);
  const named = suite.workloads.filter(isDue);
  const sources = new Set(named.flatMap(({ name, from }) => [name, from]));
  const workloads = suite.workloads.filter(({ name }) => sources.has(name));
  if (workloads.length > 0) return workloads;
  throw new Error(
    `${suite.name} has no workload ${values.only}; it has ${suite.workloads.map(({ name }) => name).join(", ")}`,
  );
}

async function measure(
  suite: Suite,
  workloads: readonly Workload[],
  systems: ReadonlySet<string>,
): Promise<void> {
  const { quick } = values;
  const place = {
    suite: suite.name,
    machine: machine(),
    load: load(),
    measuredAt: new Date().toISOString(),
  };
  console.log(headOf(suite, place));
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const failures: string[] = [];
  const all = await runRounds(suite, workloads, {
    rounds,
    quick,
    systems,
    onRun: (what) => console.error(what),
    onFailure: ({ message }) => console.error(`!!! ${failures.push(message)}: ${message}`),
  });
  const object: Results = { ...place, ...figuresOf(all) };
  console.log(`${tableOf(all)}\n${notesOf(all)}`);
  for (const failure of failures) console.log(`!!! FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  writeFileSync(`${results}${suite.name}.json`, `${JSON.stringify(object, null, 2)}\n`);
  console.log(JSON.stringify(object));
}

async function profile(suite: Suite, workloads: readonly Workload[]): Promise<void> {
  const wanted = values.only === "" && suite.profiled ? suite.profiled : workloads[0]?.name;
  const workload = suite.workloads.find(({ name }) => name === wanted) as Workload;
  const file = `${results}${suite.name}.${workload.name}.cpuprofile`;
  const figures = await runOnce(suite, workload.name, "ours", { quick: values.quick, profile: file });
  const { [workload.name]: figure = NaN } = figures;
  const seen = JSON.parse(readFileSync(file, "utf8")) as Profiler.Profile;
  console.log(
    `${workload.name}.ours under the profiler: ${figure.toFixed(2)} ${workload.unit}; profile: ${file}`,
  );
  console.log(sharesOf("\nself time by function", hottestFunctions(seen, 10)));
  console.log(sharesOf("\nself time by file", hottestFiles(seen, 15)));
}
