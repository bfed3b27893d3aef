import { setTimeout as delay } from "node:timers/promises";
import { Server, currentTask, defineTask } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());
const { slow } = server.register({
  slow: defineTask(
    async () => {
      const { signal } = currentTask(); // hand it to whatever takes time: fetch, timers, database drivers
      await delay(60_000, undefined, { signal }).catch(() => console.log("told to stop"));
    },
    { timeoutMs: 50 },
  ),
});
server.worker().start();

const result = await server.send(slow().set({ id: "slow-1" }));
console.log(await result.get().catch(String));
