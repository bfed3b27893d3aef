import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figure, Results } from "./figures.ts";

const page = fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url));

/** Between `<!-- results of <suite> -->` and `<!-- end -->` stands what the last run measured. */
const TABLE = /(<!-- results of (\w+) -->\n).*?(<!-- end -->)/gs;

/** Writes the tables of docs/benchmarks.md anew, from `results/`. */
export function writeTables(): void {
  const text = readFileSync(page, "utf8");
  writeFileSync(
    page,
    text.replaceAll(TABLE, (old, begin: string, suite: string, end: string) => {
      const file = new URL(`results/${suite}.json`, import.meta.url);
      if (!existsSync(file)) return old;
      return begin + tableOf(JSON.parse(readFileSync(file, "utf8")) as Results) + end;
    }),
  );
  console.log(`wrote ${page}`);
}

function tableOf({ machine, load, measuredAt, figures, ratios }: Results): string {
  const keys = Object.keys(figures).map(partsOf);
  const systems = [...new Set(keys.map(({ system }) => system))];
  const most = Math.max(...Object.values(figures).map(({ runs }) => runs));
  const rows = [...new Set(keys.map(({ workload }) => workload))].map((workload) => {
    const cells = systems.map((system) => {
      const figure = figures[`${workload}.${system}`];
      return figure ? cellOf(figure, ratios[`${workload}.${system}`], most) : "";
    });
    const unit = keys.find((key) => key.workload === workload)?.unit ?? "";
    return rowOf([workload, unit, ...cells]);
  });
  const { cpu, cores, memoryGiB, node, kernel } = machine;
  return [
    "",
    `${measuredAt.slice(0, 10)}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, ${kernel}; load at the start ${load.join(", ")}; ${most} runs.`,
    "",
    rowOf(["", "", ...systems.map((system) => `**${system}**`)]),
    rowOf(["---", "---", ...systems.map(() => "---")]),
    ...rows,
    "",
    "",
  ].join("\n");

  function partsOf(key: string) {
    const dot = key.lastIndexOf(".");
    return { workload: key.slice(0, dot), system: key.slice(dot + 1), unit: figures[key]?.unit };
  }
}

/** Median, spread, how many times better ours is, and how often it was measured where that is less than others. */
function cellOf({ median, min, max, runs }: Figure, ratio: number | undefined, most: number): string {
  const spread = min === max ? "" : ` (${shown(min)}–${shown(max)})`;
  const better = ratio === undefined ? "" : ` **${ratio}×**`;
  return `${shown(median)}${spread}${better}${runs < most ? `, ${runs === 1 ? "1 run" : `${runs} runs`}` : ""}`;
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function shown(value: number): string {
  return value.toLocaleString("en");
}
