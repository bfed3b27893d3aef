// `npm start [-- <folder>]` counts lines and words of every text file in a folder: one task per file, then a report.
import { chain, chord, group, Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore } from "@wfe/memory";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chosenFolder, listFiles } from "./files.ts";
import { watchProgress } from "./progress.ts";
import { summaryOf } from "./summary.ts";
import { tasks } from "./tasks.ts";

async function indexFolder(): Promise<void> {
  const folder = await chosenFolder(process.argv[2]);
  const files = await listFiles(folder);
  const reportFolder = await mkdtemp(join(tmpdir(), "wfe-first-job-"));

  // A server joins a broker, which carries messages, and a backend, which remembers what became of them.
  const store = memoryStore();
  await using server = new Server({}, memoryBroker({ store }), memoryBackend({ store }));

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
  const progress = watchProgress("indexFile", files.length);
  const result = await server.send(work);
  const index = await result.get();
  const { seconds, retries } = progress.stop();

  console.log(summaryOf(index));
  console.log(
    `${files.length} files in ${seconds.toFixed(2)} s: ${Math.round(files.length / seconds)} files per second`,
  );
  console.log(`${retries} times a task found all readers busy and was run again a little later`);
  console.log(`Report: ${join(reportFolder, "report.md")} (all that was found: index.json beside it)`);
  console.log("All of it ran in this process. How to run it on Redis: examples/first-job/README.md");
}

try {
  await indexFolder();
} catch (error) {
  console.error(`first-job: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
