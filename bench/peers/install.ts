// Programs of other languages are installed on first use, into bench/.peers/ (ignored by git).
import { existsSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { output } from "../../tooling/command.ts";

const sources = import.meta.dirname;
const installed = join(sources, "../.peers");

interface Installation {
  /** What changes when it must be installed again. */
  readonly from: readonly string[];
  install(): Promise<unknown>;
}

const golang = (name: string): Installation => ({
  from: [`go/${name}/main.go`, "go/program/program.go", "go/go.mod"],
  install: () =>
    output("go", ["build", "-o", join(installed, name), `./${name}`], { cwd: join(sources, "go") }),
});

const installations: Readonly<Record<string, Installation>> = {
  machinery: golang("machinery"),
  asynq: golang("asynq"),
  celery: {
    from: ["celery/requirements.txt"],
    async install() {
      const folder = join(installed, "celery");
      await output("python3", ["-m", "venv", folder]);
      const requirements = join(sources, "celery/requirements.txt");
      await output(join(folder, "bin/pip"), ["install", "--quiet", "--requirement", requirements]);
    },
  },
};

/** Installs what is missing or older than its sources. Resolves to those that could not be, and why. */
export async function installPeers(systems: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  mkdirSync(installed, { recursive: true });
  const failed = new Map<string, string>();
  for (const [name, installation] of Object.entries(installations)) {
    if (!systems.has(name)) continue;
    await ensure(name, installation).catch((error: Error) => failed.set(name, error.message));
  }
  return failed;
}

async function ensure(name: string, { from, install }: Installation): Promise<void> {
  const wanted = from.map((file) => readFileSync(join(sources, file), "utf8")).join("\0");
  const stamp = join(installed, `${name}.installed`);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error(`bench: installing ${name} into bench/.peers/ (only when its sources changed) …`);
  await install();
  writeFileSync(stamp, wanted);
}
