/**
 * A suite is a file `suites/<name>.ts` that exports `suite`. It lists workloads; each workload measures one figure
 * for one or more systems, one system being `ours`. Every run is a fresh process, so heaps and compiled code never mix.
 */
export interface Suite {
  readonly name: string;
  /** One line for people: what was measured, on what. */
  readonly about: string;
  /** Once, in the parent, before the first run of these systems: build, start servers. What it answers is disposed in the end. */
  prepare?(systems: ReadonlySet<string>): Promise<Prepared | undefined>;
  /** What `--quick` measures when `--systems` names none. Default: all. */
  readonly quickSystems?: readonly string[];
  /** What `--profile` profiles when `--only` names none. Default: the first. */
  readonly profiled?: string;
  readonly workloads: readonly Workload[];
}

export interface Prepared extends AsyncDisposable {
  /** Systems that cannot be measured here, and why. */
  readonly leftOut?: ReadonlyMap<string, string>;
}

export interface Workload {
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** Shown under the table. */
  readonly note?: string;
  /** A figure that cannot vary is measured once. */
  readonly once?: boolean;
  /** `--quick` leaves it out, unless `--only` names it. */
  readonly notQuick?: boolean;
  /** Slow systems are measured in the first rounds only: in so many. */
  readonly rounds?: Readonly<Record<string, number>>;
  /** Its figures come from the runs of this workload, which answer several. */
  readonly from?: string;
  readonly systems: Readonly<Record<string, Run>>;
}

/** Runs in a child process, which ends afterwards: closing what was opened is not needed. Answers one figure, or several. */
export type Run = (how: HowToRun) => Promise<number | Figures>;

/** By workload: that of the run, and those that are `from` it. */
export type Figures = Readonly<Record<string, number>>;

export interface HowToRun {
  /** Names the file for the CPU profile, for a run whose work is done by other processes. */
  readonly profile?: string | undefined;
  /** A rough answer soon: a tenth of the work will do. */
  readonly quick: boolean;
  /** The part that counts, warmed up before: answers how long it took. This is what is profiled. */
  timed(body: () => Promise<unknown>): Promise<Time>;
}

export interface Time {
  readonly wallMs: number;
  /** What the main thread computed. On a busy machine it tells more than the clock on the wall. */
  readonly cpuMs: number;
}
