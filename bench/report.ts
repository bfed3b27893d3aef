import Table from "cli-table3";
import { figureOf, ratio, type Results } from "./figures.ts";
import type { Share } from "./profile.ts";
import type { Series } from "./rounds.ts";
import type { Suite } from "./suite.ts";

/** The table for people. */
export function tableOf(all: readonly Series[]): string {
  const table = plainTable([
    "workload",
    "system",
    "median",
    "min",
    "max",
    "unit",
    "runs",
    "ours is better by",
  ]);
  for (const series of all) {
    const { median, min, max, unit, runs } = figureOf(series);
    const ours = all.find(({ workload, system }) => workload === series.workload && system === "ours");
    const better = ours && ours !== series ? `${shownRatio(ratio(ours, series))} ×` : "";
    table.push([
      series.workload.name,
      series.system,
      show(median),
      show(min),
      show(max),
      unit,
      String(runs),
      better,
    ]);
  }
  return table.toString();
}

export function headOf(suite: Suite, { machine, load }: Omit<Results, "figures" | "ratios">): string {
  const { cpu, cores, memoryGiB, node, kernel } = machine;
  return `${suite.name}: ${suite.about}\n${cpu}, ${cores} cores, ${memoryGiB} GiB; node ${node}, ${kernel}; load ${load.join(" ")}`;
}

export function notesOf(all: readonly Series[]): string {
  const notes = new Map(
    all.flatMap(({ workload }) => (workload.note ? [[workload.name, workload.note]] : [])),
  );
  return [...notes].map(([name, note]) => `${name}: ${note}`).join("\n");
}

export function sharesOf(title: string, shares: readonly Share[]): string {
  return [title, ...shares.map(({ name, percent }) => `${percent.toFixed(1).padStart(6)} %  ${name}`)].join(
    "\n",
  );
}

function show(value: number): string {
  return value.toLocaleString("en");
}

function plainTable(head: string[]): Table.Table {
  return new Table({
    head,
    colAligns: ["left", "left", "right", "right", "right", "left", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
}

function shownRatio(value: number): string {
  return Number.isFinite(value) ? String(value) : "∞";
}
