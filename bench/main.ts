// `npm run bench -- <suite> [--quick] [--rounds n] [--only workload,…] [--profile]`; see README.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadSuite, suiteNames } from "./discover.ts";
import { figuresOf, type Results } from "./figures.ts";
import { load, machine } from "./machine.ts";
import { hottestFiles, hottestFunctions } from "./profile.ts";
import { headOf, notesOf, sharesOf, tableOf } from "./report.ts";
import { runOnce, runRounds } from "./rounds.ts";
import type { Suite, Workload } from "./suite.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
  },
});

const results = fileURLToPath(new URL("results/", import.meta.url));
const [name = ""] = positionals;
if (suiteNames().includes(name)) await bench(await loadSuite(name));
else {
  console.error(
    `usage: npm run bench -- <${suiteNames().join(" | ")}> [--quick] [--rounds n] [--only workload,…] [--profile]`,
  );
  process.exitCode = 2;
}

async function bench(suite: Suite): Promise<void> {
  mkdirSync(results, { recursive: true });
  const workloads = chosen(suite);
  const prepared = await suite.prepare?.();
  try {
    await (values.profile ? profile(suite, workloads[0] as Workload) : measure(suite, workloads));
  } finally {
    await prepared?.[Symbol.asyncDispose]();
  }
}

/** `--only task,chord` takes every workload of that name, and those under it: `chord.100`, … */
function chosen(suite: Suite): readonly Workload[] {
  const wanted = values.only.split(",").filter(Boolean);
  const isWanted = (workload: string) =>
    wanted.some((one) => workload === one || workload.startsWith(`${one}.`));
  const workloads = suite.workloads.filter(({ name }) => wanted.length === 0 || isWanted(name));
  if (workloads.length > 0) return workloads;
  throw new Error(
    `${suite.name} has no workload ${values.only}; it has ${suite.workloads.map(({ name }) => name).join(", ")}`,
  );
}

async function measure(suite: Suite, workloads: readonly Workload[]): Promise<void> {
  const { quick } = values;
  const place = { suite: suite.name, machine: machine(), load: load() };
  console.log(headOf(suite, place));
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const all = await runRounds(suite, workloads, { rounds, quick, onRun: (what) => console.error(what) });
  const object: Results = { ...place, ...figuresOf(all) };
  console.log(`${tableOf(all)}\n${notesOf(all)}`);
  writeFileSync(`${results}${suite.name}.json`, `${JSON.stringify(object, null, 2)}\n`);
  console.log(JSON.stringify(object));
}

async function profile(suite: Suite, workload: Workload): Promise<void> {
  const file = `${results}${suite.name}.${workload.name}.cpuprofile`;
  const figure = await runOnce(suite, workload.name, "ours", { quick: values.quick, profile: file });
  const seen = JSON.parse(readFileSync(file, "utf8")) as Profiler.Profile;
  console.log(
    `${workload.name}.ours under the profiler: ${figure.toFixed(2)} ${workload.unit}; profile: ${file}`,
  );
  console.log(sharesOf("\nself time by function", hottestFunctions(seen, 10)));
  console.log(sharesOf("\nself time by file", hottestFiles(seen, 15)));
}
