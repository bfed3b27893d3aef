import { setTimeout as delay } from "node:timers/promises";
import { Server, currentTask } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

const log = (_fields: object, message: string): void => console.log("log:", message);
const logger = { debug: log, info: log, warn: log, error: log }; // `console` and pino fit as they are
await using server = new Server({ logger }, memoryBroker(), memoryBackend());
const done = Promise.withResolvers<void>();
const { resize } = server.register({
  async resize(width: number) {
    currentTask().progress({ percent: 50 }); // kept with the task's state
    await done.promise;
    return width / 2;
  },
});

const jobs = [];
for (const width of [800, 600, 400]) jobs.push(await server.send(resize(width).set({ queue: "bulk" })));
console.log((await server.inspect("bulk")).waiting, "wait");

// Of 10 tasks at once, 8 may come from "urgent" and 2 from "bulk".
const worker = server.worker({ tag: "images", concurrency: 10, queues: { urgent: 4, bulk: 1 } }).start();
while (!(await jobs[0]?.state())?.info) await delay(10);
console.log((await jobs[0]?.state())?.info);
const { waiting, running } = await server.inspect("bulk");
console.log(waiting, "waits,", running, "run");

const stopped = worker.stop({ deadlineMs: 5_000 }); // what runs may end; what waits stays for the next worker
done.resolve();
await stopped;
console.log(await jobs[0]?.get(), await jobs[1]?.get());
console.log((await server.inspect("bulk")).waiting, "waits");
