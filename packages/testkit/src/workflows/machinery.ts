import { expect } from "vitest";
import { chain, chord, decodeCall, group } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

/** machinery's own integration tests (testAll and its neighbours), under the names they have in Go. */
export const machineryCases: readonly Case<WorkflowTest>[] = [
  {
    title: "sends a task (testSendTask)",
    async run({ server, tasks, work, get }) {
      work();
      expect(await get(await server.send(tasks.add(1, 1)))).toBe(2);
      expect(await get(await server.send(tasks.sum([1, 2])))).toBe(3);
    },
  },
  {
    title: "sends a group (testSendGroup, sendConcurrency 0)",
    async run({ server, tasks, work, get }) {
      work();
      const { add } = tasks;
      expect(await get(await server.send(group(add(1, 1), add(2, 2), add(5, 6))))).toEqual([2, 4, 11]);
    },
  },
  {
    title: "sends a group to a worker of small concurrency (testSendGroup, sendConcurrency 2)",
    async run({ server, tasks, work, get }) {
      work({ concurrency: 2 });
      const { add } = tasks;
      expect(await get(await server.send(group(add(1, 1), add(2, 2), add(5, 6))))).toEqual([2, 4, 11]);
    },
  },
  {
    title: "sends a chord (testSendChord)",
    async run({ server, tasks, work, get }) {
      work();
      const { add, multiply } = tasks;
      expect(await get(await server.send(chord(group(add(1, 1), add(2, 2), add(5, 6)), multiply())))).toBe(
        88,
      );
    },
  },
  {
    title: "sends a chain (testSendChain)",
    async run({ server, tasks, work, get }) {
      work();
      const { add, multiply } = tasks;
      expect(await get(await server.send(chain(add(2, 2), add(5, 6), multiply(4))))).toBe(60);
    },
  },
  {
    title: "gives the error's text, or no result (testReturnJustError)",
    async run({ server, tasks, work, get, failure }) {
      work();
      const { return_just_error } = tasks;
      const failed = await failure(await server.send(return_just_error("Test error", true)));
      expect(failed.message).toBe("Test error");
      expect(await get(await server.send(return_just_error("", false)))).toBeUndefined();
    },
  },
  {
    title: "gives several results in order, or an error (testReturnMultipleValues)",
    async run({ server, tasks, work, get, failure }) {
      work();
      const { return_multiple_values } = tasks;
      expect(await get(await server.send(return_multiple_values("foo", "bar", false)))).toEqual([
        "foo",
        "bar",
      ]);
      expect((await failure(await server.send(return_multiple_values("", "", true)))).message).toBe(
        "some error",
      );
    },
  },
  {
    title: "makes a failure of whatever is thrown (testPanic)",
    async run({ server, tasks, work, failure }) {
      work();
      expect((await failure(await server.send(tasks.panic()))).message).toBe("oops");
    },
  },
  {
    title: "does not start a task before its time (testDelay)",
    async run({ server, tasks, work, get, now }) {
      work();
      const notBefore = now() + 100;
      expect(await get(await server.send(tasks.delay_test().set({ notBefore })))).toBeGreaterThanOrEqual(
        notBefore,
      );
    },
  },
  {
    title:
      "tells what waits, in order, and disturbs nothing (TestAmqpGetPendingTasks, TestRedisGetPendingTasks)",
    needs: ({ facts }) => (facts.inspects.includes("waiting") ? undefined : "facts.inspects has no waiting"),
    async run({ server, tasks, work, get, drained, facts }) {
      expect(await server.inspect()).toMatchObject({ waiting: 0 });
      const sent = [];
      for (const one of [1, 2, 3]) sent.push(await server.send(tasks.add(one, one)));
      const { waiting, firstWaiting } = await server.inspect(undefined, { limit: 10 });
      expect(waiting).toBe(3);
      const calls = firstWaiting.map((body) => decodeCall(body));
      if (facts.ordering === "fifo") expect(calls.map((call) => call.id)).toEqual(sent.map((one) => one.id));
      for (const call of calls) expect(call).toMatchObject({ name: "add", args: { length: 2 } });
      work();
      for (const one of sent) await get(one);
      await drained();
    },
  },
  {
    title: "lets two services share a queue (TestWorkerOnlyConsumesRegisteredTask)",
    async run({ newServer, another, work, wait }) {
      const one = newServer();
      const other = newServer({}, await another());
      const { add } = one.register({ add: (a: number, b: number) => a + b });
      const { multiply } = other.register({ multiply: (a: number, b: number) => a * b });
      work({ server: one, concurrency: 1 });
      work({ server: other, concurrency: 1 });
      const result = await one.send(group(add(2, 3), multiply(4, 5)));
      expect(await wait(result.get({ timeoutMs: 60_000 }))).toEqual([5, 20]);
    },
  },
  {
    title: "stops right after its start, again and again (TestRedisRedisWorkerQuitRaceCondition)",
    async run({ server, tasks, work, wait, get }) {
      for (let round = 0; round < 3; round++) await wait(work().stop());
      const sent = await server.send(tasks.add(1, 2));
      work();
      expect(await get(sent)).toBe(3);
    },
  },
  {
    title: "stops an idle worker at once (TestRedisRedisWorkerQuickQuit)",
    async run({ server, tasks, work, get, wait, settings }) {
      const worker = work();
      await get(await server.send(tasks.add(1, 1)));
      const startedAt = performance.now();
      await wait(worker.stop());
      expect(performance.now() - startedAt).toBeLessThan(Math.min(settings.timeoutMs, 2_000));
    },
  },
  {
    title: "asks the consume middleware about each delivery (TestRedisRedisWorkerPreConsumeHandler)",
    async run({ newServer, withKitTasks, work, get }) {
      const seen: string[] = [];
      const asking = newServer({
        middleware: [
          {
            consume: async (delivery, next) => {
              seen.push(decodeCall(delivery.body).name);
              await next();
            },
          },
        ],
      });
      const { add } = withKitTasks(asking);
      work({ server: asking });
      await get(await asking.send(add(1, 1)));
      expect(seen).toEqual(["add"]);
    },
  },
];
