import type { Outcome } from "./lifecycle.ts";

/** Says in one line per service what became of it. In CI a missing server is a failure, not a skip. */
export function report(outcomes: readonly Outcome[]): { readonly ok: boolean } {
  for (const outcome of outcomes) console.error(`services: ${line(outcome)}`);
  const missing = inCi() ? ["skipped", "failed"] : ["failed"];
  return { ok: !outcomes.some(({ how }) => missing.includes(how)) };
}

function line(outcome: Outcome): string {
  const { name, variables } = outcome.service;
  switch (outcome.how) {
    case "given":
      return `${name}: using the one named by ${variables.join(", ")}`;
    case "running":
    case "started":
      return `${name}: ${outcome.how}, ${Object.values(outcome.environment).join(" ")}`;
    case "failed":
      return `${name}: FAILED to start: ${outcome.reason}`;
    case "skipped":
      return `${name}: ${inCi() ? "MISSING, which is an error in CI" : "SKIPPED, its tests will not run"}: ${outcome.reason}`;
  }
}

/** `CI=false` and an empty `CI` mean no. */
function inCi(): boolean {
  return !["", "0", "false"].includes(process.env.CI ?? "");
}
