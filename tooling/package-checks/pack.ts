import { globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command, output } from "../command.ts";

export interface Packed {
  readonly name: string;
  readonly tarball: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

export interface Manifest {
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
}

/** From empty dist folders: a file that no source makes any more must not be shipped. */
export async function buildFresh(): Promise<void> {
  for (const dist of globSync("packages/*/dist")) rmSync(dist, { recursive: true });
  if ((await command(process.execPath, ["tooling/build.ts"])) !== 0)
    throw new Error("the build failed, see above");
}

/** Packs every package into `folder`, as publishing would. */
export async function pack(folder: string): Promise<readonly Packed[]> {
  const { packageManager } = JSON.parse(readFileSync("package.json", "utf8")) as { packageManager: string };
  const packed = globSync("packages/*/package.json").map(async (file) => {
    const options = { cwd: join(file, "..") };
    const json = await output(
      "npx",
      ["--yes", packageManager, "pack", "--json", "--pack-destination", folder],
      options,
    );
    const { name, filename, size } = JSON.parse(json) as { name: string; filename: string; size: number };
    return {
      name,
      tarball: filename,
      bytes: size,
      manifest: JSON.parse(readFileSync(file, "utf8")) as Manifest,
    };
  });
  return Promise.all(packed);
}
