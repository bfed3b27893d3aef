import { Server, WfeError } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

await using server = new Server({}, memoryBroker(), memoryBackend());
const { keep } = server.register({ keep: (_value: unknown) => {} });

const cycle: { self?: unknown } = {};
cycle.self = cycle;

for (const value of [
  NaN,
  new Date(0),
  { items: [{ when: new Date(0) }] },
  new Map(),
  () => 1,
  2 ** 53,
  cycle,
]) {
  try {
    keep(value);
  } catch (error) {
    if (error instanceof WfeError) console.log(error.code, error.message);
  }
}
