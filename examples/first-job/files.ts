import { globby } from "globby";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");

/** The folder that was asked for, or this repository. Throws what to tell the user. */
export async function chosenFolder(asked: string | undefined): Promise<string> {
  if (asked === undefined) return repository;
  const folder = resolve(process.env["INIT_CWD"] ?? ".", asked); // npm has gone to the repository; the user has not
  const found = await stat(folder).catch(() => undefined);
  if (!found) throw new Error(`there is no folder ${folder}`);
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
  return folder;
}

/** Paths of all files below, in order, without what git would ignore and what tools put there. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const paths = await globby("**", {
    cwd: folder,
    dot: true,
    gitignore: true,
    ignore: ["**/.git/**", "**/node_modules/**", "**/dist/**", "**/.services/**"],
    followSymbolicLinks: false,
    suppressErrors: true, // a folder that may not be read has no files for us
  });
  return paths.toSorted();
}
