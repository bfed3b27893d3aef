import { expect } from "vitest";
import { currentTask, type Worker } from "@wfe/core";
import { seededRandom, uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export const stopCases: readonly Case<WorkflowTest>[] = [
  {
    title: "stop before start: it never starts, and run() resolves",
    async run({ server, tasks, wait, state }) {
      const worker = server.worker();
      await wait(worker.stop());
      worker.start();
      await wait(worker.run());
      const sent = await server.send(tasks.add(1));
      await turn();
      expect(await state(sent.id)).toMatchObject({ status: "PENDING" });
    },
  },
  {
    title: "stop twice is one stop; dispose is another",
    async run({ work, wait }) {
      const worker = work();
      const stops = [worker.stop(), worker.stop(), worker[Symbol.asyncDispose]()];
      await wait(Promise.all(stops));
      await wait(worker.stop({ deadlineMs: 0 }));
    },
  },
  {
    title: "a worker is started once",
    async run({ work }) {
      const worker = work();
      expect(() => worker.start()).toThrow("was started already");
    },
  },
  {
    title: "run() ends by the caller's signal, aborted later or before",
    async run({ server, wait }) {
      await wait(server.worker({ signals: false }).run({ signal: AbortSignal.abort() }));
      const stop = new AbortController();
      const ended = server.worker({ signals: false }).run({ signal: stop.signal });
      await turn();
      stop.abort();
      await wait(ended);
    },
  },
  {
    title: "stop lets what runs end, and takes nothing more",
    async run({ server, work, wait, eventually, state, adapters, queue, facts }) {
      const gate = Promise.withResolvers<void>();
      const { hold } = server.register({ hold: () => gate.promise });
      const worker = work({ concurrency: 1 });
      const first = await server.send(hold());
      await eventually(async () => expect(await state(first.id)).toMatchObject({ status: "STARTED" }));
      const second = await server.send(hold());
      let stopped = false;
      const stopping = worker.stop().then(() => (stopped = true));
      await turn();
      expect(stopped).toBe(false);
      gate.resolve();
      await wait(stopping);
      expect(await state(first.id)).toMatchObject({ status: "SUCCESS" });
      expect(await state(second.id)).toMatchObject({ status: "PENDING" });
      if (facts.inspects.includes("waiting"))
        expect(await adapters.broker.inspect(queue)).toMatchObject({ waiting: 1 });
      expect(worker.running).toBe(0);
    },
  },
  {
    title:
      "at the deadline a handler that heeds its signal is aborted, given back, and run again by the next",
    async run({ server, newServer, another, work, wait, eventually, get, state }) {
      const reasons: unknown[] = [];
      const heeding = (): Promise<string> =>
        new Promise((_, reject) => {
          const { signal } = currentTask();
          signal.addEventListener("abort", () => {
            reasons.push((signal.reason as { code: string }).code);
            reject(signal.reason as Error);
          });
        });
      const { task } = server.register({ task: heeding });
      const worker = work();
      const sent = await server.send(task());
      await eventually(async () => expect(await state(sent.id)).toMatchObject({ status: "STARTED" }));
      await wait(worker.stop({ deadlineMs: 100 }));
      expect(reasons).toEqual(["WFE_ABORTED"]);
      const next = newServer({}, await another());
      next.register({ task: () => "done by the next" });
      work({ server: next });
      expect(await get(sent)).toBe("done by the next");
    },
  },
  {
    title: "at the deadline a handler that ignores its signal is fenced: stop returns, its result is dropped",
    async run({ server, newServer, another, work, wait, eventually, get, state, drained }) {
      const gate = Promise.withResolvers<string>();
      let ended = false;
      const { task } = server.register({
        task: async () => {
          const value = await gate.promise;
          ended = true;
          return value;
        },
      });
      const worker = work();
      const sent = await server.send(task());
      await eventually(async () => expect(await state(sent.id)).toMatchObject({ status: "STARTED" }));
      await wait(worker.stop({ deadlineMs: 50 }));
      const next = newServer({}, await another());
      const second = Promise.withResolvers<string>();
      next.register({ task: () => second.promise });
      work({ server: next });
      await eventually(async () =>
        expect(await state(sent.id)).toMatchObject({ status: "STARTED", start: 2 }),
      );
      gate.resolve("too late");
      await eventually(() => expect(ended).toBe(true));
      await turn();
      expect(await state(sent.id)).toMatchObject({ status: "STARTED", start: 2 });
      second.resolve("the one that counts");
      expect(await get(sent)).toBe("the one that counts");
      await drained();
    },
  },
  {
    title: "stop({ deadlineMs: 0 }) gives back at once what runs, before it returns",
    async run({ server, work, wait, eventually, state, adapters, queue, facts }) {
      const { forever } = server.register({ forever: () => new Promise<void>(() => undefined) });
      const worker = work({ concurrency: 5 });
      const sent = await Promise.all(Array.from({ length: 5 }, () => server.send(forever())));
      for (const { id } of sent) {
        await eventually(async () => expect(await state(id)).toMatchObject({ status: "STARTED" }));
      }
      await wait(worker.stop({ deadlineMs: 0 }));
      expect(worker.running).toBe(0);
      if (facts.inspects.includes("waiting") && facts.inspects.includes("running")) {
        expect(await adapters.broker.inspect(queue)).toMatchObject({ waiting: 5, running: 0 });
      }
    },
  },
  {
    title: "giving back on stop is not a lost worker, however often",
    async run({ newServer, wait, eventually, get }) {
      const server = newServer({ maxStarts: 2 });
      let last = false;
      const { task } = server.register({
        task: () => (last ? "done" : new Promise<string>(() => undefined)),
      });
      const sent = await server.send(task());
      for (let round = 0; round < 5; round += 1) {
        const worker = server.worker().start();
        await eventually(async () => {
          expect(await sent.state()).toMatchObject({ status: "STARTED", start: round + 1 });
          expect(worker.running).toBe(1);
        });
        await wait(worker.stop({ deadlineMs: 0 }));
      }
      last = true;
      const worker: Worker = server.worker().start();
      expect(await get(sent)).toBe("done");
      await wait(worker.stop());
    },
  },
  {
    title: "nothing is lost when workers stop at random moments, with and without a deadline",
    run: (test) => stopAtRandomMoments(test, test.settings.seed),
  },
];

/** Sends a few tasks and chains a round, with a worker that stops in the middle; at the end all must have ended. */
async function stopAtRandomMoments(test: WorkflowTest, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { server, wait, get, drained } = test;
  const runs = new Map<string, number>();
  const { step } = server.register({
    step: async (text: string) => {
      const { id } = currentTask();
      runs.set(id, (runs.get(id) ?? 0) + 1);
      for (let turns = random.below(4); turns > 0; turns -= 1) await turn();
      return text;
    },
  });
  const sent: { readonly text: string; readonly get: (options?: object) => Promise<string> }[] = [];
  try {
    for (let round = 0; round < 30; round += 1) {
      const worker = server.worker({ concurrency: 1 + random.below(5), tag: `round ${round}` });
      if (random.below(10) > 0) worker.start();
      for (let count = 0; count < 4; count += 1) {
        const text = uniqueName("text");
        sent.push({ text, ...(await server.send(step(text))) });
      }
      for (let turns = random.below(6); turns > 0; turns -= 1) await turn();
      await wait(worker.stop(random.below(2) === 0 ? {} : { deadlineMs: random.below(2) }));
    }
    test.work();
    for (const one of sent) expect(await get(one)).toBe(one.text);
    await drained();
  } catch (error) {
    if (error instanceof Error) error.message += ` (seed ${seed})`;
    throw error;
  }
}
