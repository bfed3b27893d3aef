import { chord, group, Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryLock, memoryStore } from "@wfe/memory";

const store = memoryStore();
await using server = new Server({}, memoryBroker({ store }), memoryBackend({ store }), memoryLock({ store }));
const { add, multiply } = server.register({
  add: (a: number, b: number): number => a + b,
  multiply: (...factors: number[]): number => factors.reduce((product, factor) => product * factor, 1),
});

await using worker = server.worker({ concurrency: 10 });
const working = worker.run();
const result = await server.send(chord(group(add(1, 1), add(2, 2), add(5, 6)), multiply()));
const value: number = await result.get({ timeoutMs: 10_000 });
if (value !== 88) throw new Error(`(1 + 1) × (2 + 2) × (5 + 6) is 88, got ${value}`);
await worker.stop();
await working;
console.log(`a chord gave ${value} on Node ${process.version}`);
