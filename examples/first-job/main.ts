// `npm start [-- <folder>]` counts lines and words of every text file in a folder: one task per file, then a report.
import { chain, chord, group, Server } from "@wfe/core";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adapters } from "./adapters.ts";
import { chosenFolder, listFiles } from "./files.ts";
import { watchProgress } from "./progress.ts";
import { summaryOf } from "./summary.ts";
import { tasks } from "./tasks.ts";

async function indexFolder(): Promise<void> {
  const folder = await chosenFolder(process.argv[2]);
  const files = await listFiles(folder);
  const reportFolder = await mkdtemp(join(tmpdir(), "wfe-first-job-"));

  // A server joins a broker, which carries messages, and a backend, which remembers what became of them.
  const { broker, backend } = await adapters();
  await using server = new Server({ defaultQueue: "first-job" }, broker, backend);

  // Registered functions are tasks. What comes back makes calls of them: `indexFile(…)` runs nothing yet.
  const { indexFile, mergeFiles, saveJson, saveMarkdown } = server.register(tasks);

  // A chord: many tasks at once, then one that gets all their results. A chain: each link gets the result before it.
  const work = chain(
    chord(
      group(...files.map((path) => indexFile(folder, path))),
      mergeFiles.partial(folder).set({ collect: true }),
    ),
    saveJson.partial(reportFolder),
    saveMarkdown.partial(reportFolder),
  );

  // A worker runs tasks: here in this process, else in as many as you like.
  server.worker({ concurrency: 16 }).start();

  console.log(`Indexing ${files.length} files of ${folder}`);
  using progress = watchProgress("indexFile", files.length);
  const result = await server.send(work);
  const index = await result.get();
  const { seconds, retries } = progress.stop();

  console.log(summaryOf(index));
  console.log(
    `${files.length} files in ${seconds.toFixed(2)} s: ${Math.round(files.length / seconds)} files per second`,
  );
  console.log(`${retries} times a task found all readers busy and was run again a little later`);
  console.log(`Report: ${join(reportFolder, "report.md")} (all that was found: index.json beside it)`);
  if (broker.name === "memory") console.log("On Redis: WFE_REDIS_URL=redis://localhost:6379 npm start");
}

try {
  await indexFolder();
} catch (error) {
  console.error(`first-job: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
