import { expect } from "vitest";
import { chain, currentTask, decodeCall } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

export const optionCases: readonly Case<WorkflowTest>[] = [
  {
    title: "custom queues: a call goes where it says, its follow-ups where they say",
    async run({ server, tasks, work, get, newQueue, queue }) {
      const other = await newQueue();
      const { where } = server.register({
        where: (...before: string[]) => [...before, currentTask().queue].join(" "),
      });
      work();
      const there = await server.send(
        chain(where().set({ queue: other }), where(), where().set({ queue: other })),
      );
      expect(await there.state()).toMatchObject({ status: "PENDING" });
      work({ queues: [other] });
      expect(await get(there)).toBe(`${other} ${queue} ${other}`);
      expect(await get(await server.send(tasks.add(1)))).toBe(1);
    },
  },
  {
    title: "a retry stays in its queue",
    async run({ server, work, get, newQueue }) {
      const other = await newQueue();
      let runs = 0;
      const { flaky } = server.register({
        flaky: () => {
          runs += 1;
          if (runs < 3) throw new Error("again");
          return currentTask().queue;
        },
      });
      work({ queues: { [other]: 1 } });
      const backoff = { kind: "exponential", baseMs: 1, maxMs: 2, jitter: false } as const;
      expect(await get(await server.send(flaky().set({ queue: other, retries: 3, backoff })))).toBe(other);
    },
  },
  {
    title: "one worker consumes several queues, with weights, and never runs more at once than it may",
    async run({ server, work, newQueue, wait, settings }) {
      const queues = { [await newQueue()]: 3, [await newQueue()]: 1 };
      let running = 0;
      let most = 0;
      const { busy } = server.register({
        busy: async () => {
          most = Math.max(most, (running += 1));
          await new Promise((resolve) => void setImmediate(resolve));
          running -= 1;
        },
      });
      work({ queues, concurrency: 4 });
      const sent = await Promise.all(
        Object.keys(queues).flatMap((queue) =>
          Array.from({ length: 20 }, () => server.send(busy().set({ queue }))),
        ),
      );
      await wait(Promise.all(sent.map((one) => one.get({ timeoutMs: settings.timeoutMs * 10 }))));
      expect(most).toBeLessThanOrEqual(4);
      expect(most).toBeGreaterThan(1);
    },
  },
  {
    title: "a worker runs as many at once as its concurrency, no more",
    async run({ server, work, wait, eventually }) {
      const gate = Promise.withResolvers<void>();
      let running = 0;
      const { hold } = server.register({
        hold: async () => {
          running += 1;
          await gate.promise;
        },
      });
      const worker = work({ concurrency: 3 });
      const sent = await Promise.all(Array.from({ length: 10 }, () => server.send(hold())));
      await eventually(() => expect(running).toBe(3));
      expect(worker.running).toBe(3);
      gate.resolve();
      await wait(Promise.all(sent.map((one) => one.get())));
      expect(running).toBe(10);
    },
  },
  {
    title: "priorities: the higher comes first",
    needs: ({ facts }) => (facts.priorities ? undefined : "facts.priorities is false"),
    async run({ server, tasks, work, wait, diary }) {
      const { note } = tasks;
      const sent = [];
      for (const [text, priority] of [
        ["low", 1],
        ["high", 9],
        ["none", 0],
        ["highest", 255],
      ] as const) {
        sent.push(await server.send(note(text).set({ priority })));
      }
      work({ concurrency: 1 });
      await wait(Promise.all(sent.map((one) => one.get())));
      expect(diary.entries).toEqual(["highest", "high", "low", "none"]);
    },
  },
  {
    title: "headers travel with the call, through retries, and to no other",
    async run({ server, work, get }) {
      let runs = 0;
      const { headers } = server.register({
        headers: () => {
          runs += 1;
          if (runs === 1) throw new Error("again");
          return { ...currentTask().headers };
        },
      });
      work();
      const backoff = { kind: "exponential", baseMs: 1, maxMs: 2, jitter: false } as const;
      const tenant = { headers: { tenant: "acme" }, retries: 1, backoff };
      expect(
        await get(
          await server.send(
            headers()
              .set(tenant)
              .set({ headers: { more: "x" } }),
          ),
        ),
      ).toEqual({
        tenant: "acme",
        more: "x",
      });
      expect(await get(await server.send(headers()))).toEqual({});
    },
  },
  {
    title: "delayed: not before its moment, and told as delayed until then",
    async run({ server, tasks, work, get, now, delay, facts }) {
      const notBefore = now() + delay(5);
      const sent = await server.send(tasks.delay_test().set({ notBefore: new Date(notBefore) }));
      if (facts.inspects.includes("delayed")) expect(await server.inspect()).toMatchObject({ delayed: 1 });
      work();
      expect(await get(sent)).toBeGreaterThanOrEqual(notBefore);
      const past = now() - 100_000;
      expect(await get(await server.send(tasks.add(1).set({ notBefore: past })))).toBe(1);
    },
  },
  {
    title: "a delay counts from the step before",
    async run({ server, tasks, work, get, now, delay }) {
      work();
      const startedAt = now();
      const { delay_test } = tasks;
      const late = delay_test().set({ delayMs: delay(2), immutable: true });
      const sent = await server.send(chain(delay_test().set({ delayMs: delay(2) }), late));
      expect(await get(sent)).toBeGreaterThanOrEqual(startedAt + delay(4));
    },
  },
  {
    title: "a message is machinery's: its names, in the default queue",
    needs: ({ facts }) => (facts.inspects.includes("waiting") ? undefined : "facts.inspects has no waiting"),
    async run({ server, tasks, queue }) {
      const sent = await server.send(tasks.add(1, 2).set({ retries: 3 }));
      const { firstWaiting } = await server.inspect(undefined, { limit: 1 });
      const body = firstWaiting[0] ?? "";
      expect(JSON.parse(body)).toMatchObject({
        UUID: sent.id,
        Name: "add",
        RoutingKey: queue,
        RetryCount: 3,
      });
      expect(decodeCall(body)).toMatchObject({ id: sent.id, name: "add", queue, retryCount: 3 });
    },
  },
];
