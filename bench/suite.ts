/**
 * A suite is a file `suites/<name>.ts` that exports `suite`. It lists workloads; each workload measures one figure
 * for one or more systems, one system being `ours`. Every run is a fresh process, so heaps and compiled code never mix.
 */
export interface Suite {
  readonly name: string;
  /** One line for people: what was measured, on what. */
  readonly about: string;
  /** Once, in the parent, before the first run: build, start servers. What it answers is disposed in the end. */
  prepare?(): Promise<AsyncDisposable | undefined>;
  /** The first is what `--profile` profiles when `--only` names none. */
  readonly workloads: readonly Workload[];
}

export interface Workload {
  readonly name: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** Shown under the table. */
  readonly note?: string;
  /** A figure that cannot vary is measured once. */
  readonly once?: boolean;
  readonly systems: Readonly<Record<string, Run>>;
}

/** Runs in a child process, which ends afterwards: closing what was opened is not needed. Answers one figure. */
export type Run = (how: HowToRun) => Promise<number>;

export interface HowToRun {
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
