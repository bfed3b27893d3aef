import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Suite, Workload } from "./suite.ts";

export interface Series {
  readonly workload: Workload;
  readonly system: string;
  /** One figure per round. */
  readonly figures: number[];
}

export interface RoundOptions {
  readonly rounds: number;
  readonly quick: boolean;
  /** Told before each run. */
  onRun?(what: string): void;
}

/**
 * Runs every system of every workload once per round, so that a busy minute of the machine hits all of them alike.
 * Every other round goes backwards: what comes first in one does not come first in all.
 */
export async function runRounds(
  suite: Suite,
  workloads: readonly Workload[],
  options: RoundOptions,
): Promise<readonly Series[]> {
  const series = workloads.flatMap((workload) =>
    Object.keys(workload.systems).map((system): Series => ({ workload, system, figures: [] })),
  );
  for (let round = 0; round < options.rounds; round += 1) {
    const due = series.filter(({ workload }) => round === 0 || !workload.once);
    for (const one of round % 2 === 0 ? due : due.toReversed()) {
      options.onRun?.(`round ${round + 1} of ${options.rounds}: ${one.workload.name}.${one.system}`);
      one.figures.push(await runOnce(suite, one.workload.name, one.system, options));
    }
  }
  return series;
}

/** One run in a fresh process. `profile` names the file for its CPU profile. */
export function runOnce(
  suite: Suite,
  workload: string,
  system: string,
  options: { readonly quick: boolean; readonly profile?: string },
): Promise<number> {
  const args = [suite.name, workload, system, options.quick ? "quick" : "full"];
  if (options.profile !== undefined) args.push(options.profile);
  const child = fork(fileURLToPath(new URL("child.ts", import.meta.url)), args, {
    execArgv: ["--conditions=@wfe/source", "--expose-gc", "--no-warnings"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("message", (figure) => resolve(Number(figure)));
    child.on("exit", (code, signal) =>
      reject(new Error(`${suite.name} ${workload}.${system} ended with ${signal ?? code} and no figure`)),
    );
  });
}
