import { channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "vitest";
import { chain, currentTask, exponential, type TaskEvent } from "@wfe/core";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

export const resultCases: readonly Case<WorkflowTest>[] = [
  {
    title: "a result is opened again by its id, elsewhere, more than once",
    async run({ server, tasks, work, get, newServer, another }) {
      work();
      const { id } = await server.send(tasks.add(1, 2));
      const elsewhere = newServer({}, await another());
      expect(await get(elsewhere.result<number>(id))).toBe(3);
      expect(await get(elsewhere.result<number>(id))).toBe(3);
      expect(await elsewhere.result(id).state()).toMatchObject({
        id,
        name: "add",
        status: "SUCCESS",
        error: "",
      });
    },
  },
  {
    title: "states are told as they come: PENDING, STARTED, then the final one",
    async run({ server, work, get, eventually }) {
      const gate = Promise.withResolvers<void>();
      const { hold } = server.register({ hold: () => gate.promise });
      const sent = await server.send(hold());
      expect(await sent.state()).toMatchObject({ status: "PENDING", name: "hold" });
      work();
      await eventually(async () => expect(await sent.state()).toMatchObject({ status: "STARTED", start: 1 }));
      gate.resolve();
      expect(await get(sent)).toBeUndefined();
      expect(await sent.state()).toMatchObject({ status: "SUCCESS", attempt: 0, start: 1 });
    },
  },
  {
    title: "get ends by its timeout and by its signal, and the task goes on",
    async run({ server, tasks, work, failure, get, settings }) {
      const sent = await server.send(tasks.add(1, 1));
      await failure({ get: () => sent.get({ timeoutMs: settings.delayMs }) }, "WFE_TIMEOUT");
      const stop = new AbortController();
      const waiting = sent.get({ signal: stop.signal });
      stop.abort(new Error("enough"));
      const error = await failure({ get: () => waiting }, "WFE_ABORTED");
      expect(error.cause).toMatchObject({ message: "enough" });
      await failure({ get: () => sent.get({ signal: AbortSignal.abort() }) }, "WFE_ABORTED");
      work();
      expect(await get(sent)).toBe(2);
    },
  },
  {
    title: "an id that was never sent is not found, and nobody waits for it for ever",
    async run({ server, failure }) {
      await failure(server.result(uniqueName("nobody")), "WFE_RESULT_NOT_FOUND");
      expect(await server.result(uniqueName("nobody")).state()).toBeUndefined();
    },
  },
  {
    title: "a workflow is sent twice under two ids, and each has its own results",
    async run({ server, tasks, work, get }) {
      work();
      const node = chain(tasks.add(1, 1), tasks.add(1));
      const [one, other] = [await server.send(node), await server.send(node)];
      expect(one.id).not.toBe(other.id);
      expect([await get(one), await get(other)]).toEqual([3, 3]);
    },
  },
  {
    title: "the same id sent again runs nothing twice: while it waits, while it runs, and after it ended",
    async run({ server, tasks, work, get, drained, diary }) {
      const id = uniqueName("mine");
      const sendIt = () => server.send(tasks.note("ran").set({ id }));
      const first = await sendIt();
      const second = await sendIt();
      expect([first.id, second.id]).toEqual([id, id]);
      work();
      expect([await get(first), await get(second)]).toEqual(["ran", "ran"]);
      expect(await get(await sendIt())).toBe("ran");
      expect(await get(await server.send(tasks.note("other"), { id }))).toBe("ran");
      await drained();
      expect(diary.entries).toEqual(["ran"]);
    },
  },
  {
    title: "the same workflow sent again under its id repeats none of its steps",
    async run({ server, tasks, work, get, drained, diary }) {
      const id = uniqueName("mine");
      const { note, tell } = tasks;
      const sendIt = () => server.send(chain(note("one"), tell("two")), { id });
      const sent = await sendIt();
      await sendIt();
      work();
      await get(sent);
      await get(await sendIt());
      await drained();
      expect(diary.entries).toEqual(["one", '["two","one"]']);
    },
  },
  {
    title: "currentTask() tells of the call, and progress shows in its state",
    async run({ server, work, get, eventually, queue, failure }) {
      const gate = Promise.withResolvers<void>();
      const { look } = server.register({
        look: async () => {
          const task = currentTask();
          const { id, name, attempt, start, retriesLeft, groupId, queue: at } = task;
          task.progress({ done: 1 });
          task.progress({ done: 2 });
          await gate.promise;
          return { id, name, attempt, start, retriesLeft, groupId: groupId ?? null, at };
        },
      });
      work();
      const sent = await server.send(look().set({ retries: 4 }));
      await eventually(async () =>
        expect((await sent.state())?.info).toMatchObject({ progress: { done: 2 } }),
      );
      gate.resolve();
      expect(await get(sent)).toEqual({
        id: sent.id,
        name: "look",
        attempt: 0,
        start: 1,
        retriesLeft: 4,
        groupId: null,
        at: queue,
      });
      await failure({ get: async () => currentTask() }, "WFE_NO_TASK");
    },
  },
  {
    title: "events are told on node:diagnostics_channel",
    async run({ server, tasks, work, get, failure, drained, facts }) {
      const names = ["published", "started", "succeeded", "failed", "retried", "dead-lettered"] as const;
      const heard: { readonly name: string; readonly event: TaskEvent }[] = [];
      const listeners = names.map((name) => ({
        name: `wfe:${name}`,
        listen: (event: unknown) => void heard.push({ name, event: event as TaskEvent }),
      }));
      for (const { name, listen } of listeners) subscribe(name, listen);
      try {
        work();
        const good = await server.send(
          tasks.failTimes(1).set({ retries: 1, backoff: exponential({ baseMs: 1 }) }),
        );
        await get(good);
        const bad = await server.send(tasks.fail("why").set({ keepOnError: true }));
        await failure(bad);
        await drained();
        const of = (id: string): string[] =>
          heard.filter((one) => one.event.id === id).map((one) => one.name);
        const retried =
          facts.ordering === "key" && facts.delayedRelease ? ["retried"] : ["retried", "published"];
        expect(of(good.id)).toEqual(["published", "started", ...retried, "started", "succeeded"]);
        expect(of(bad.id)).toEqual(["published", "started", "failed", "dead-lettered"]);
        const failed = heard.find((one) => one.name === "failed" && one.event.id === bad.id);
        expect(failed?.event).toMatchObject({ name: "fail", error: "why", attempt: 0 });
      } finally {
        for (const { name, listen } of listeners) unsubscribe(name, listen);
      }
      expect(channel("wfe:published").hasSubscribers).toBe(false);
    },
  },
];
