// Sends one task, waits for it, stops: the process must end by itself, with nothing left to keep it alive.
import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore } from "@wfe/memory";

const store = memoryStore();
const server = new Server({}, memoryBroker({ store }), memoryBackend({ store }));
const { add, slow } = server.register({
  add: (a: number, b: number) => a + b,
  slow: () => new Promise<void>(() => undefined),
});
const worker = server.worker();
const ended = worker.run();
console.log(await (await server.send(add(1, 2))).get({ timeoutMs: 60_000 }));
if (process.argv[2] === "abandon") {
  await server.send(slow().set({ delayMs: 86_400_000 }));
  await server.send(slow());
  await worker.stop({ deadlineMs: 0 });
} else await worker.stop();
await ended;
console.log("stopped");
