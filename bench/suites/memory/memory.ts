import { Server } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore, virtualTime } from "@wfe/memory";
import type { HowToRun, Run } from "../../suite.ts";
import { inLanes, startedServer, tasksIn } from "./task.ts";

const queuedTasks = ({ quick }: HowToRun): number => (quick ? 20_000 : 100_000);

/** Sends tasks that nobody runs yet; answers how many bytes `used` grew by for each. */
function queued(used: () => number): Run {
  return async (how) => {
    const { server, add } = startedServer();
    await inLanes(1000, 100, (index) => server.send(add(index, 1)));
    const before = settled(used);
    const count = queuedTasks(how);
    await inLanes(count, 100, (index) => server.send(add(index, 1)));
    return (settled(used) - before) / count;
  };
}

/** Message and PENDING state of a waiting task, in bytes of heap. */
export const queuedHeap = queued(() => process.memoryUsage().heapUsed);

/** The same in bytes of the process, which keeps some of what the collector freed. */
export const queuedRss = queued(() => process.memoryUsage().rss);

interface Drained {
  readonly count: number;
  readonly wallMs: number;
  readonly longestPauseMs: number;
}

/** A worker comes up and finds the queue full, and stops when all have ended. */
async function drain(how: HowToRun): Promise<Drained> {
  const store = memoryStore();
  const server = new Server({}, memoryBroker({ store }), memoryBackend({ store }));
  const count = queuedTasks(how);
  const { promise: allEnded, resolve } = Promise.withResolvers<void>();
  let left = count;
  const { add } = server.register({
    add: (a: number, b: number) => {
      if ((left -= 1) === 0) resolve();
      return a + b;
    },
  });
  await inLanes(count, 100, (index) => server.send(add(index, 1)));
  let longestPauseMs = 0;
  const { wallMs } = await how.timed(async () => {
    const pauses = watchPauses();
    const worker = server.worker({ concurrency: 100, signals: false }).start();
    await allEnded;
    await worker.stop();
    longestPauseMs = await pauses.longestMs();
  });
  return { count, wallMs, longestPauseMs };
}

/** µs per task until all have ended. */
export const drainTime: Run = async (how) => {
  const { count, wallMs } = await drain(how);
  return (wallMs * 1000) / count;
};

/** How long everything else in the process, timers and sockets, had to wait at worst: ms. */
export const drainPause: Run = async (how) => (await drain(how)).longestPauseMs;

function watchPauses() {
  let longest = 0;
  let last = performance.now();
  const look = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  return {
    async longestMs(): Promise<number> {
      await new Promise((resolve) => setTimeout(resolve, 5));
      clearInterval(timer);
      return longest;
    },
  };
}

/** What is left on the heap of a task that has ended, was read, and whose result expired: bytes per task. */
export const heapAfterExpiry: Run = async (how) => {
  const clock = virtualTime();
  const store = memoryStore({ clock });
  const server = new Server(
    { clock, resultsExpireInMs: 1000 },
    memoryBroker({ store }),
    memoryBackend({ store }),
  );
  const { add } = server.register({ add: (a: number, b: number) => a + b });
  server.worker({ concurrency: 100, signals: false }).start();
  const { measured } = tasksIn(how);
  const runAndExpire = async (count: number): Promise<void> => {
    await inLanes(count, 200, async (index) => (await server.send(add(index, 1))).get());
    await clock.advance(8 * 24 * 3_600_000); // longer than anything is kept
  };
  await runAndExpire(measured); // as many: tables that have grown once are nothing that a task leaves behind
  await runAndExpire(measured);
  const before = settled(() => process.memoryUsage().heapUsed);
  await runAndExpire(measured);
  return (settled(() => process.memoryUsage().heapUsed) - before) / measured;
};

/** Read when the collector finds nothing more. */
function settled(used: () => number): number {
  if (!globalThis.gc) throw new Error("needs --expose-gc");
  for (let times = 0; times < 4; times += 1) globalThis.gc();
  return used();
}
