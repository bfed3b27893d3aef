import { Server, chain, chord, group } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());

const { add, multiply } = server.register({
  add: (a: number, b: number) => a + b,
  multiply: (...factors: number[]) => factors.reduce((product, factor) => product * factor, 1),
});

server.worker({ concurrency: 10 }).start();

const sum = await server.send(add(1, 2));
console.log(await sum.get({ timeoutMs: 5_000 }));

// Three sums at once, then their product, then 12 more.
const workflow = chain(chord(group(add(1, 1), add(2, 2), add(5, 6)), multiply()), add.partial(12));
const result = await server.send(workflow);
console.log(await result.get({ timeoutMs: 5_000 }));
