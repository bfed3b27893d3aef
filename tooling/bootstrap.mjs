// `npm start`, `npm test` and the other scripts of package.json come in here, on any Node from 20 on:
// make sure that the repository is installed, then run the real command on the Node that came with it.
import { install, run } from "./node24.mjs";

/** Sources are run as they are: Node strips the types, and this condition makes `@wfe/*` mean the packages' `src`. */
const fromSources = ["--conditions=@wfe/source"];

const commands = {
  start: [...fromSources, "examples/first-job/main.ts"],
  test: ["tooling/test.ts"],
  check: ["tooling/check.ts"],
  fix: ["tooling/check.ts", "--fix"],
  build: ["tooling/build.ts"],
  bench: [...fromSources, "--expose-gc", "bench/main.ts"],
  "package-checks": ["tooling/package-checks/main.ts"],
};

const [name = "", ...rest] = process.argv.slice(2);
// `npm run bench -- memory` drops the dashes, `pnpm bench -- memory` passes them on.
const args = rest[0] === "--" ? rest.slice(1) : rest;
const command = commands[name];
if (!command) {
  console.error(`usage: node tooling/bootstrap.mjs ${Object.keys(commands).join(" | ")}`);
  process.exit(2);
}
process.exitCode = (await install()) || (await run([...command, ...args]));
