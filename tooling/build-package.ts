// The build script of every package: run in its folder, fills its dist/.
import { command } from "./command.ts";

const declarations = ["-b"];

/** Comments stay in the declarations, where editors show them; in the JavaScript they would double the download. */
const javascript = [
  ["--noCheck", "--removeComments"],
  ["--emitDeclarationOnly", "false", "--declaration", "false", "--isolatedDeclarations", "false"],
  ["--composite", "false", "--incremental", "false"],
].flat();

process.exitCode = (await command("tsc", declarations)) || (await command("tsc", javascript));
