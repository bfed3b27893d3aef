// node tooling/services up|down|env|status [service …]: see the usage below.
import { down, existing, placeOf, sweep, up } from "./lifecycle.ts";
import { report } from "./report.ts";
import type { Service } from "./service.ts";
import { services, servicesFor, servicesNamed } from "./services.ts";

/** The servers that a developer keeps running between test runs. */
const run = "dev";

const usage = `usage: node tooling/services <command> [service …]

  up      starts the servers that the packages' tests need (or those named) and leaves them running
  down    stops them, and what killed test runs left behind
  env     prints their addresses: eval "$(node tooling/services env)"
  status  says which run, where, and under which pids

services: ${services.map(({ name }) => name).join(", ")}`;

const commands: { [name: string]: (named: readonly Service[]) => void | Promise<void> } = {
  async up(named) {
    const outcomes = await up(run, named.length > 0 ? named : servicesFor());
    if (!report(outcomes).ok) process.exitCode = 1;
  },
  async down(named) {
    const stopped = await down(run, named.length > 0 ? named : services);
    await sweep(services);
    console.error(
      `services: ${stopped.length > 0 ? `stopped ${stopped.join(", ")}` : "nothing was running"}`,
    );
  },
  env(named) {
    for (const service of named.length > 0 ? named : services) {
      const outcome = existing(run, service);
      if (outcome?.how !== "running") continue;
      for (const [name, value] of Object.entries(outcome.environment))
        console.log(`export ${name}='${value}'`);
    }
  },
  status(named) {
    for (const service of named.length > 0 ? named : services) console.log(statusOf(service));
  },
};

function statusOf(service: Service): string {
  const outcome = existing(run, service);
  if (outcome?.how === "given") return `${service.name}: given by ${service.variables.join(", ")}`;
  const { processes, environment } = placeOf(run, service).record;
  const pids = processes.map(({ name, pid }) => `${name} ${pid}`).join(", ");
  if (outcome?.how === "running")
    return `${service.name}: running, ${Object.values(environment ?? {}).join(" ")} (pid: ${pids})`;
  if (processes.length > 0) return `${service.name}: broken or still starting (pid: ${pids})`;
  return `${service.name}: stopped${service.find() ? "" : ", not installed"}`;
}

const [name = "", ...names] = process.argv.slice(2);
const command = commands[name];
if (command) await command(servicesNamed(names));
else {
  console.error(usage);
  process.exitCode = 2;
}
