import type { Machine } from "./machine.ts";
import type { Series } from "./rounds.ts";

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
  readonly runs: number;
}

/** What `results/<suite>.json` holds. */
export interface Results {
  readonly suite: string;
  readonly machine: Machine;
  readonly load: readonly number[];
  readonly measuredAt: string;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly ratios: Readonly<Record<string, number>>;
}

export function figureOf({ figures, workload }: Series): Figure {
  const sorted = figures.toSorted((a, b) => a - b);
  return {
    median: rounded(median(sorted)),
    min: rounded(sorted[0] ?? NaN),
    max: rounded(sorted.at(-1) ?? NaN),
    unit: workload.unit,
    runs: sorted.length,
  };
}

/** How many times better `ours` is than `other`: above 1 is better, for rates and for times alike. */
export function ratio(ours: Series, other: Series): number {
  const [us, them] = [figureOf(ours).median, figureOf(other).median];
  if (us === them) return 1; // 0 is as good as 0
  return rounded(ours.workload.better === "higher" ? us / them : them / us);
}

export function figuresOf(all: readonly Series[]): Pick<Results, "figures" | "ratios"> {
  const figures: Record<string, Figure> = {};
  const ratios: Record<string, number> = {};
  for (const series of all) {
    const key = `${series.workload.name}.${series.system}`;
    figures[key] = figureOf(series);
    const ours = all.find(({ workload, system }) => workload === series.workload && system === "ours");
    const better = ours && ours !== series ? ratio(ours, series) : undefined;
    if (better !== undefined && Number.isFinite(better)) ratios[key] = better;
  }
  return { figures, ratios };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** Three digits that mean something. */
function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
