// `pnpm check`: everything that can be said about the code without running it. `--fix` repairs what can be repaired.
import { command } from "./command.ts";

const fix = process.argv.includes("--fix");

const steps: Record<string, readonly string[]> = {
  format: ["oxfmt", ...(fix ? [] : ["--check"]), "."],
  lint: ["oxlint", "--type-aware", ...(fix ? ["--fix"] : [])],
  types: ["tsc", "-b"],
  unused: ["knip"],
};

const failed: string[] = [];
for (const [name, [program = "", ...args]] of Object.entries(steps)) {
  console.log(`── ${name}: ${program} ${args.join(" ")}`);
  if ((await command(program, args)) !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "── all clean" : `── failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
