import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore } from "@wfe/memory";
import type { HowToRun, Run, Time } from "../../suite.ts";

const CONCURRENCY = 100;
const IN_FLIGHT = 200;

export function tasksIn(how: HowToRun): { readonly warmUp: number; readonly measured: number } {
  return how.quick ? { warmUp: 10_000, measured: 20_000 } : { warmUp: 30_000, measured: 100_000 };
}

/** A server with the task `add`, on a store of its own. */
export function startedServer(concurrency: number = CONCURRENCY) {
  const store = memoryStore();
  const server = new Server({}, memoryBroker({ store }), memoryBackend({ store }));
  const { add, sum } = server.register({
    add: (a: number, b: number) => a + b,
    sum: (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0),
  });
  const worker = server.worker({ concurrency, signals: false });
  return { server, worker, add, sum };
}

/** Calls `one` for 0 … count-1, at most `lanes` at a time. */
export async function inLanes(
  count: number,
  lanes: number,
  one: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

export type Clock = (time: Time) => number;
export const onTheWall: Clock = ({ wallMs }) => wallMs;
export const ofTheCpu: Clock = ({ cpuMs }) => cpuMs;

/** send → worker → result, 200 callers at a time: µs per task. */
export const oneByOne =
  (clock: Clock): Run =>
  async (how) => {
    const { server, worker, add } = startedServer();
    worker.start();
    const { warmUp, measured } = tasksIn(how);
    const sendAndGet = async (index: number): Promise<void> => {
      const result = await server.send(add(index, 1));
      if ((await result.get()) !== index + 1) throw new Error(`add(${index}, 1) is wrong`);
    };
    await inLanes(warmUp, IN_FLIGHT, sendAndGet);
    const time = await how.timed(() => inLanes(measured, IN_FLIGHT, sendAndGet));
    return (clock(time) * 1000) / measured;
  };

/** All are sent, then all results are awaited: µs per task. */
export const allAtOnce: Run = async (how) => {
  const { server, worker, add } = startedServer();
  worker.start();
  const { warmUp, measured } = tasksIn(how);
  const burst = async (count: number): Promise<void> => {
    const results = await Promise.all(
      Array.from({ length: count }, (_, index) => server.send(add(index, 1))),
    );
    await Promise.all(results.map((result) => result.get()));
  };
  await burst(warmUp);
  const { wallMs } = await how.timed(() => burst(measured));
  return (wallMs * 1000) / measured;
};
