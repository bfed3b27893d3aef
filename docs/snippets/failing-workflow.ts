import { Server, TaskError, chord, group } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());
const reported = Promise.withResolvers<string>();
const { fetchPage, merge, report } = server.register({
  fetchPage(name: string) {
    if (name === "b") throw new Error("404");
    return name.toUpperCase();
  },
  merge: (...pages: string[]) => pages.join("+"),
  report: (error: string, team: string) => reported.resolve(`${team}: ${error}`),
});
server.worker().start();

const merged = merge().set({ onError: [report.partial("the web team")] }); // the error text is put before it
const result = await server.send(chord(group(fetchPage("a"), fetchPage("b")), merged), { id: "pages" });
try {
  await result.get({ timeoutMs: 5_000 });
} catch (error) {
  if (error instanceof TaskError) console.log(error.code, error.message);
}
console.log(await reported.promise);
