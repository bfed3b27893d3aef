// Runs a task that takes its time, until a signal. The second argument: whether the task ever ends.
import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore } from "@wfe/memory";

const store = memoryStore();
const server = new Server({}, memoryBroker({ store }), memoryBackend({ store }));
const ends = process.argv[2] === "ends";
const { task } = server.register({
  task: async () => {
    console.log("running");
    await new Promise<void>((resolve) => {
      if (ends) process.once("SIGTERM", () => setTimeout(resolve, 200));
    });
    console.log("task done");
  },
});
await server.send(task());
await server.worker().run();
console.log("stopped");
