// `npm test [vitest arguments]`: start the servers that the tests need, run the tests, and always stop the servers.
import { command } from "./command.ts";
import { discard, existing, sweep, up, type Outcome } from "./services/lifecycle.ts";
import { report } from "./services/report.ts";
import type { Service } from "./services/service.ts";
import { services, servicesFor } from "./services/services.ts";

/** A run of our own, so that two test runs never stop each other's servers. */
const run = `test-${process.pid}`;
const args = process.argv.slice(2);

/** `--project memory` needs no Redis. */
const projects = args.flatMap((arg, index) => (args[index - 1] === "--project" ? [arg] : []));

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
}

/** What `node tooling/services up` left running is used, and left running. */
function useKept(needed: readonly Service[]): void {
  for (const service of needed) {
    const kept = existing("dev", service);
    if (kept?.how === "running") Object.assign(process.env, kept.environment);
  }
}

async function vitest(outcomes: readonly Outcome[]): Promise<number> {
  for (const outcome of outcomes)
    if ("environment" in outcome) Object.assign(process.env, outcome.environment);
  const code = await command(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...args], {
    signal: interrupted.signal,
  });
  report(outcomes.filter(({ how }) => how === "skipped")); // once more, where it is seen
  return code;
}

await sweep(services);
const needed = servicesFor(projects.length > 0 ? projects : undefined);
useKept(needed);
try {
  const outcomes = await up(run, needed, interrupted.signal);
  process.exitCode = report(outcomes).ok ? await vitest(outcomes) : 1;
} finally {
  await discard(run, services);
}
if (interrupted.signal.aborted) process.exitCode = 130;
