// `node tooling/services …` works with any Node from 20 on: the work is done by the repository's own.
import { fileURLToPath } from "node:url";
import { install, run } from "../node24.mjs";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
process.exitCode = (await install()) || (await run([main, ...process.argv.slice(2)]));
