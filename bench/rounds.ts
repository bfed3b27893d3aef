import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figures, Suite, Workload } from "./suite.ts";

export interface Series {
  readonly workload: Workload;
  readonly system: string;
  /** One figure per round. */
  readonly figures: number[];
}

export interface RoundOptions {
  readonly rounds: number;
  readonly quick: boolean;
  /** Others are left out. */
  readonly systems: ReadonlySet<string>;
  /** Told before each run. */
  onRun?(what: string): void;
  /** Told of each run that ended without a figure. The others go on. */
  onFailure(error: Error): void;
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
    systemsOf(workload, suite)
      .filter((system) => options.systems.has(system))
      .map((system): Series => ({ workload, system, figures: [] })),
  );
  for (let round = 0; round < options.rounds; round += 1) {
    const due = series.filter(({ workload, system }) => isDue(workload, system, round));
    for (const { workload, system } of round % 2 === 0 ? due : due.toReversed()) {
      options.onRun?.(`round ${round + 1} of ${options.rounds}: ${workload.name}.${system}`);
      const figures = await runOnce(suite, workload.name, system, options).catch(options.onFailure);
      for (const one of figures ? series : []) {
        const figure = one.system === system ? figures?.[one.workload.name] : undefined;
        if (figure !== undefined) one.figures.push(figure);
      }
    }
  }
  return series.filter(({ figures }) => figures.length > 0);
}

/** Those of the workload that its figures come from. */
export function systemsOf({ systems, from }: Workload, suite: Suite): readonly string[] {
  const source = suite.workloads.find(({ name }) => name === from);
  return Object.keys(source?.systems ?? systems);
}

function isDue(workload: Workload, system: string, round: number): boolean {
  if (workload.from !== undefined) return false;
  return round < (workload.once ? 1 : (workload.rounds?.[system] ?? Infinity));
}

/** One run in a fresh process. `profile` names the file for its CPU profile. */
export function runOnce(
  suite: Suite,
  workload: string,
  system: string,
  options: { readonly quick: boolean; readonly profile?: string },
): Promise<Figures> {
  const args = [suite.name, workload, system, options.quick ? "quick" : "full"];
  if (options.profile !== undefined) args.push(options.profile);
  const child = fork(fileURLToPath(new URL("child.ts", import.meta.url)), args, {
    execArgv: ["--conditions=@wfe/source", "--expose-gc", "--no-warnings"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("message", (figure: number | Figures) =>
      resolve(typeof figure === "number" ? { [workload]: figure } : figure),
    );
    child.on("exit", (code, signal) =>
      reject(new Error(`${suite.name} ${workload}.${system} ended with ${signal ?? code} and no figure`)),
    );
  });
}
