import { Server, chain, chord, group, results } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());
const { add, divide, show, average } = server.register({
  add: (a: number, b: number) => a + b,
  divide: (a: number, b: number) => results(Math.floor(a / b), a % b),
  show: (...parts: (string | number)[]) => parts.join(" "),
  average: (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length,
});
server.worker().start();
const limit = { timeoutMs: 5_000 };

// A chain: each result is appended to the arguments of the next link. results(…) appends several.
const linked = await server.send(chain(add(20, 3), divide.partial(100), show.partial("100 / 23 =")));
console.log(await linked.get(limit));

// A group: its members run at once; their results come in declared order.
const members = await server.send(group(add(1, 1), add(2, 2), add(3, 3)));
console.log(await members.get(limit));

// A chord: a group and a callback. The callback gets all results, or one array of them with `collect`.
const spread = await server.send(chord(group(add(1, 1), add(2, 2)), show("sums:")));
console.log(await spread.get(limit));
const collected = await server.send(
  chord(group(add(1, 1), add(2, 2)), average.partial().set({ collect: true })),
);
console.log(await collected.get(limit));

// Nested: chains in a group, a group in a chain, a chord whose callback is a chain.
const left = chain(add(1, 1), add.partial(10));
const right = chord(group(add(2, 2), add(3, 3)), chain(add.partial(), add.partial(100)));
const nested = await server.send(chain(group(left, right), show("both:")));
console.log(await nested.get(limit));

// An immutable link takes nothing from what comes before it.
const apart = await server.send(chain(add(1, 1), show("on its own").set({ immutable: true })));
console.log(await apart.get(limit));
