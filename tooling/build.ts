// `pnpm build`: fills dist/ of every package that changed; turbo remembers the results of the others.
import { readFileSync } from "node:fs";
import { command } from "./command.ts";

const { packageManager } = JSON.parse(readFileSync("package.json", "utf8")) as { packageManager: string };

// turbo looks for pnpm on the PATH; npx puts it there on machines that have only npm.
process.exitCode = await command(
  "npx",
  ["--yes", `--package=${packageManager}`, "--", "turbo", "run", "build", ...process.argv.slice(2)],
  { env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" } },
);
