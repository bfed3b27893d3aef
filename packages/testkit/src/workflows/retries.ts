import { expect } from "vitest";
import {
  chain,
  chord,
  currentTask,
  defineTask,
  exponential,
  group,
  PermanentFailure,
  RetryLater,
} from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

const needsClock = ({ clock }: WorkflowTest): string | undefined =>
  clock ? undefined : "takes minutes without virtual time";
const quick = exponential({ baseMs: 2, maxMs: 10, jitter: false });

export const retryCases: readonly Case<WorkflowTest>[] = [
  {
    title: "a failing task is run again, and its success is the result",
    async run({ server, tasks, work, get, state }) {
      work();
      const sent = await server.send(tasks.failTimes(2).set({ retries: 5, backoff: quick }));
      expect(await get(sent)).toBe(3);
      expect(await state(sent.id)).toMatchObject({ status: "SUCCESS", attempt: 2 });
    },
  },
  {
    title: "retries are counted: N of them are N + 1 runs, then the last error is the failure",
    async run({ server, tasks, work, failure, diary, drained }) {
      work();
      const sent = await server.send(tasks.failTimes(9).set({ retries: 2, backoff: quick }));
      expect((await failure(sent)).message).toBe("failure 3");
      await drained();
      expect(diary.count(`run ${sent.id}`)).toBe(3);
    },
  },
  {
    title: "without retries a task is run once",
    async run({ server, tasks, work, failure, diary, drained }) {
      work();
      const sent = await server.send(tasks.fail("no"));
      await failure(sent);
      await drained();
      expect(diary.count(`run ${sent.id}`)).toBe(1);
    },
  },
  {
    title: "waits between runs as machinery does: 1, 2, 3, 5, 8, 13 seconds",
    needs: needsClock,
    async run({ server, work, failure, now }) {
      const runs: number[] = [];
      const { flaky } = server.register({
        flaky: () => {
          runs.push(now());
          throw new Error("again");
        },
      });
      work();
      await failure(await server.send(flaky().set({ retries: 6 })));
      expect(gaps(runs)).toEqual([1000, 2000, 3000, 5000, 8000, 13_000]);
    },
  },
  {
    title: "starts the ladder above RetryTimeout: 13, 21 seconds from 10",
    needs: needsClock,
    async run({ server, work, failure, now }) {
      const runs: number[] = [];
      const { flaky } = server.register({
        flaky: () => {
          runs.push(now());
          throw new Error("again");
        },
      });
      work();
      await failure(await server.send(flaky().set({ retries: 2, retryTimeoutS: 10 })));
      expect(gaps(runs)).toEqual([13_000, 21_000]);
    },
  },
  {
    title: "waits exponentially, up to a limit",
    needs: needsClock,
    async run({ server, work, failure, now }) {
      const runs: number[] = [];
      const { flaky } = server.register({
        flaky: () => {
          runs.push(now());
          throw new Error("again");
        },
      });
      work();
      const backoff = exponential({ baseMs: 100, maxMs: 500, jitter: false });
      await failure(await server.send(flaky().set({ retries: 5, backoff })));
      expect(gaps(runs)).toEqual([100, 200, 400, 500, 500]);
    },
  },
  {
    title: "a long delay is kept to the millisecond: seven days",
    needs: needsClock,
    async run({ server, tasks, work, get, now, clock }) {
      work();
      const week = 7 * 24 * 3_600_000;
      const startedAt = now();
      const sent = await server.send(tasks.delay_test().set({ delayMs: week }));
      await clock?.advance(week);
      expect(await get(sent)).toBe(startedAt + week);
    },
  },
  {
    title: "what waits longer than a week is still found, and so is its group",
    needs: needsClock,
    async run({ server, tasks, work, get, now, clock }) {
      work();
      const month = 30 * 24 * 3_600_000;
      const { add } = tasks;
      const late = add(1).set({ notBefore: now() + month });
      const inGroup = await server.send(chord(group(late, add(2)), add()));
      const alone = await server.send(add(4).set({ delayMs: month }));
      const inChain = await server.send(
        chain(add(1), add(1).set({ delayMs: month / 2 }), add(1).set({ delayMs: month / 2 })),
      );
      await clock?.advance(month - 1);
      for (const one of [inGroup, alone, inChain])
        expect(await one.state()).toMatchObject({ status: "PENDING" });
      await clock?.advance(1);
      expect(await get(inGroup)).toBe(3);
      expect(await get(alone)).toBe(4);
      expect(await get(inChain)).toBe(3);
    },
  },
  {
    title: "RetryLater uses up no retries",
    async run({ server, tasks, work, get, diary }) {
      work();
      const sent = await server.send(tasks.later(3, 5));
      expect(await get(sent)).toBe(4);
      expect(diary.count(`run ${sent.id}`)).toBe(4);
    },
  },
  {
    title: "RetryLater is bounded",
    async run({ newServer, withKitTasks, work, failure, diary, drained }) {
      const bounded = newServer({ maxRetryLater: 3 });
      const { later } = withKitTasks(bounded);
      work({ server: bounded });
      const sent = await bounded.send(later(99, 1));
      expect((await failure(sent)).message).toContain("more than 3 times");
      await drained();
      expect(diary.count(`run ${sent.id}`)).toBe(4);
    },
  },
  {
    title: "RetryLater and PermanentFailure count when they are the cause of what was thrown",
    async run({ server, work, failure, get }) {
      let runs = 0;
      const { wrapped, dead } = server.register({
        wrapped: () => {
          runs += 1;
          if (runs === 1) throw new Error("wrapped", { cause: new RetryLater(1) });
          return runs;
        },
        dead: () => {
          runs += 1;
          throw new Error("outside", { cause: new PermanentFailure("inside") });
        },
      });
      work();
      expect(await get(await server.send(wrapped()))).toBe(2);
      expect((await failure(await server.send(dead().set({ retries: 5, backoff: quick })))).message).toBe(
        "outside",
      );
      expect(runs).toBe(3);
    },
  },
  {
    title: "PermanentFailure is not run again",
    async run({ server, tasks, work, failure, diary, drained }) {
      work();
      const sent = await server.send(tasks.failForGood("never").set({ retries: 5, backoff: quick }));
      expect((await failure(sent)).message).toBe("never");
      await drained();
      expect(diary.count(`run ${sent.id}`)).toBe(1);
    },
  },
  {
    title: "a run that takes too long has failed, is told so by its signal, and is run again",
    async run({ server, work, get, failure, settings }) {
      const aborted: string[] = [];
      const hang = (): Promise<never> =>
        new Promise((_, reject) => {
          const { signal } = currentTask();
          signal.addEventListener("abort", () => {
            aborted.push((signal.reason as { code: string }).code);
            reject(signal.reason as Error);
          });
        });
      let runs = 0;
      const { hangs, hangsOnce } = server.register({
        hangs: defineTask(hang, { timeoutMs: settings.delayMs }),
        hangsOnce: async () => ((runs += 1) === 1 ? await hang() : runs),
      });
      work();
      expect((await failure(await server.send(hangs()))).message).toContain("longer than its limit");
      const options = { timeoutMs: settings.delayMs, retries: 1, backoff: quick };
      expect(await get(await server.send(hangsOnce().set(options)))).toBe(2);
      expect(aborted).toEqual(["WFE_TIMEOUT", "WFE_TIMEOUT"]);
    },
  },
  {
    title: "a task that ignores its time limit and its signal does not hold up the worker",
    async run({ server, tasks, work, get, failure, settings }) {
      const { ignores } = server.register({ ignores: () => new Promise<void>(() => undefined) });
      work({ concurrency: 1 });
      await failure(await server.send(ignores().set({ timeoutMs: settings.delayMs })));
      expect(await get(await server.send(tasks.add(1, 1)))).toBe(2);
    },
  },
];

function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((at, index) => at - (moments[index] as number));
}
