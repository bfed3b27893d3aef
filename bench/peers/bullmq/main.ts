// The benchmark's program for BullMQ.
import { FlowProducer, Queue, QueueEvents, Worker, type Job } from "bullmq";
import { Redis } from "ioredis";
import { counted, runProgram, url } from "../../suites/redis/program.ts";

const NAME = "bench";

const connection = () => new Redis(url, { maxRetriesPerRequest: null });
const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};
const queue = once(() => new Queue(NAME, { connection: connection() }));
const flows = once(() => new FlowProducer({ connection: connection() }));
const events = once(async () => {
  const opened = new QueueEvents(NAME, { connection: connection() });
  await opened.waitUntilReady();
  return opened;
});

const tasks: Readonly<Record<string, (job: Job) => unknown>> = {
  add: ({ data }) => data.a + data.b,
  sum: async (job) => Object.values(await job.getChildrenValues<number>()).reduce((all, one) => all + one, 0),
  nap: ({ data }) => counted.nap(data.index, data.ms),
  late: ({ data }) => counted.late(data.dueAt),
};

const addition = (index: number) => ({ name: "add", data: { a: index, b: 1 } });

await runProgram({
  async worker(concurrency) {
    const leaseMs = Number(process.env.LEASE_MS ?? 30_000);
    const options = {
      connection: connection(),
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: leaseMs,
    };
    const worker = new Worker(NAME, async (job) => tasks[job.name]?.(job), options);
    worker.on("error", console.error);
    await worker.waitUntilReady();
  },
  bulk: (from, count) => queue().addBulk(Array.from({ length: count }, (_, index) => addition(from + index))),
  each: (index) => queue().add("add", addition(index).data),
  async trip(index) {
    const ends = await events();
    const job = await queue().add("add", addition(index).data);
    return job.waitUntilFinished(ends);
  },
  async chord(size) {
    const ends = await events();
    const children = Array.from({ length: size }, (_, index) => ({ ...addition(index), queueName: NAME }));
    const { job } = await flows().add({ name: "sum", queueName: NAME, children });
    return (await job.waitUntilFinished(ends)) as number;
  },
  nap: (index, ms) => queue().add("nap", { index, ms }),
  late: (dueAt) =>
    queue().add("late", { dueAt }, { delay: Math.round(dueAt - performance.timeOrigin - performance.now()) }),
});
