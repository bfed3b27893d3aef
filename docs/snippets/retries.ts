import { PermanentFailure, RetryLater, Server, currentTask, exponential } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore, virtualTime } from "@wfe/memory";

const clock = virtualTime(); // the delays below pass at once
const store = memoryStore({ clock });
await using server = new Server({ clock }, memoryBroker({ store }), memoryBackend({ store }));
const startedAt = clock.now();
const note = (text: string): void =>
  console.log(`${((clock.now() - startedAt) / 1000).toFixed(1)} s: ${text}`);

const { flaky, waiting, hopeless } = server.register({
  flaky(name: string) {
    note(`${name}, attempt ${currentTask().attempt}, ${currentTask().retriesLeft} retries left`);
    if (currentTask().retriesLeft > 0) throw new Error("not this time");
    return "at last";
  },
  waiting() {
    note(`waiting, attempt ${currentTask().attempt}`);
    if (currentTask().attempt < 2) throw new RetryLater(60_000); // uses up no retry
    return "ready";
  },
  hopeless(): void {
    note("hopeless");
    throw new PermanentFailure("no such customer"); // whatever retries are left
  },
});
server.worker().start();

const ladder = await server.send(flaky("fibonacci").set({ retries: 4 }));
console.log(await clock.until(ladder.get()));

const backoff = exponential({ baseMs: 500, maxMs: 1_500, jitter: false });
const steps = await server.send(flaky("exponential").set({ retries: 3, backoff }));
console.log(await clock.until(steps.get()));

const later = await server.send(waiting());
console.log(await clock.until(later.get()));

const failed = await server.send(hopeless().set({ retries: 5 }));
console.log(await clock.until(failed.get().catch(String)));
