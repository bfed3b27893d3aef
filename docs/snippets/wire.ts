import { Server, chain } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());
const { add } = server.register({ add: (a: number, b: number) => a + b });

await server.send(chain(add(1, 2), add.partial(10).set({ retries: 3 })), { id: "task_1" });

const { firstWaiting } = await server.inspect("machinery_tasks", { limit: 1 });
const isZero = (value: unknown): boolean => value === null || value === "" || value === 0 || value === false;
const shown = JSON.parse(firstWaiting[0] ?? "", (key, value: unknown) => {
  if (key === "wfe-sent") return "<epoch ms>";
  return isZero(value) ? undefined : value; // always there on the wire; left out here to be brief
}) as object;
console.log(JSON.stringify(shown, undefined, 2));
