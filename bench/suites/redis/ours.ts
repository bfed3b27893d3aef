/** The benchmark's program for @wfe. */
import { Server, chord, group } from "@wfe/core";
import { redisBackend, redisBroker, redisLock } from "@wfe/redis";
import { counted, runProgram, url } from "./program.ts";

const { LEASE_MS } = process.env;
const server = new Server(
  { onError: console.error },
  redisBroker({ url, ...(LEASE_MS && { visibilityTimeoutMs: Number(LEASE_MS) }) }),
  redisBackend({ url }),
  redisLock({ url }),
);

const { add, sum, nap, late } = server.register({
  add: (a: number, b: number) => a + b,
  sum: (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0),
  nap: counted.nap,
  late: counted.late,
});

await runProgram({
  async worker(concurrency) {
    server.worker({ concurrency, signals: false }).start();
  },
  bulk: (from, count) =>
    Promise.all(Array.from({ length: count }, (_, index) => server.send(add(from + index, 1)))),
  each: (index) => server.send(add(index, 1)),
  async trip(index) {
    const result = await server.send(add(index, 1));
    return result.get();
  },
  async chord(size) {
    const members = Array.from({ length: size }, (_, index) => add(index, 1));
    const result = await server.send(chord(group(...members), sum.partial().set({ collect: true })));
    return result.get();
  },
  nap: (index, ms) => server.send(nap(index, ms)),
  late: (dueAt) => server.send(late(dueAt).set({ notBefore: dueAt })),
});
