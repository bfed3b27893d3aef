import { setTimeout as delay } from "node:timers/promises";
import { Server } from "@wfe/core";
import { faultInjector, memoryBackend, memoryBroker, memoryStore } from "@wfe/memory";

const store = memoryStore(); // the "server" that outlives the processes below
let runs = 0;
const tasks = { count: () => (runs += 1) };

/** One process: its own connections, its own worker. */
function start() {
  const broker = memoryBroker({ store });
  const injector = faultInjector();
  const server = new Server({}, injector.broker(broker), injector.backend(memoryBackend({ store })));
  const { count } = server.register(tasks);
  return { server, worker: server.worker(), count, broker, injector };
}

const first = start();
first.injector.plan([{ at: 1, of: "ack", mode: "crashBefore" }]); // the task has run, its ack is never sent
first.worker.start();
const { id } = await first.server.send(first.count());
await first.injector.crashed;
await first.broker[Symbol.asyncDispose](); // as a system does for its dead
void first.worker.stop({ deadlineMs: 0 }); // what this process still has of it

const second = start();
console.log((await second.server.inspect()).waiting, "message came back");
second.worker.start();
console.log(await second.server.result(id).get({ timeoutMs: 5_000 }), "after", runs, "run");
while ((await second.server.inspect()).waiting) await delay(10);
await second.server.close();
