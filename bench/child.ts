// One run in a process of its own: `child.ts <suite> <workload> <system> <quick> [profile]`. The figure goes to the parent.
import { loadSuite } from "./discover.ts";
import { profiled } from "./profile.ts";
import type { HowToRun, Time } from "./suite.ts";

const [suiteName = "", workloadName = "", system = "", quick = "", profile] = process.argv.slice(2);

async function timed(body: () => Promise<unknown>): Promise<Time> {
  globalThis.gc?.(); // what the warm-up left behind is not the workload's to clean up
  const [startedAt, before] = [performance.now(), process.threadCpuUsage()];
  await body();
  const { user, system } = process.threadCpuUsage(before);
  return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
}

process.on("disconnect", () => process.exit(1)); // whoever wanted the figure is gone

const how: HowToRun = {
  profile,
  quick: quick === "quick",
  timed: (body) => (profile ? profiled(profile, () => timed(body)) : timed(body)),
};

const suite = await loadSuite(suiteName);
const run = suite.workloads.find(({ name }) => name === workloadName)?.systems[system];
if (!run) throw new Error(`${suiteName} has no ${workloadName}.${system}`);
const figure = await run(how);
process.send?.(figure, () => process.exit(0));
