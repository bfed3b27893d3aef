// The build script of every package, run in its folder: declarations by tsc, JavaScript by rolldown.
//
// One file per entry: Node takes about half a millisecond per file, which made importing core three times slower.
// Comments stay in the declarations, where editors show them; in the JavaScript they would double the download.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { rolldown } from "rolldown";
import { command } from "./command.ts";

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly "@wfe/source": string }>>;
  readonly dependencies?: object;
  readonly peerDependencies?: object;
  readonly engines: { readonly node: string };
}

process.exitCode = await command("tsc", ["-b"]);
if (process.exitCode === 0) await bundle(JSON.parse(readFileSync("package.json", "utf8")) as Manifest);

async function bundle({ exports, dependencies, peerDependencies, engines }: Manifest): Promise<void> {
  const entries = Object.values(exports).map((entry) => entry["@wfe/source"]);
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((file) => [basename(file, ".ts"), file])),
    platform: "node",
    external: [/^node:/, ...Object.keys({ ...dependencies, ...peerDependencies }).map(andItsPaths)],
    transform: { target: engines.node.replace(">=", "node") },
  });
  await bundle.write({
    dir: "dist",
    entryFileNames: "[name].js",
    chunkFileNames: "shared-[hash].js",
    comments: false,
  });
}

function andItsPaths(dependency: string): RegExp {
  return new RegExp(`^${dependency}(/|$)`);
}
