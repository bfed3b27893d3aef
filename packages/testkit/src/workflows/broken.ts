import { expect } from "vitest";
import { chain, exponential, type Middleware, WfeError } from "@wfe/core";
import type { Case } from "../suite.ts";
import { silent, type WorkflowTest } from "./context.ts";

/** What an application hangs into core throws: nothing is lost, nothing stops. */
export const brokenPartCases: readonly Case<WorkflowTest>[] = [
  {
    title: "a run middleware that throws is a failure of the task",
    async run({ newServer, withKitTasks, work, failure, get }) {
      let broken = true;
      const thrower: Middleware = {
        run: async (_, next) => {
          if (broken) throw new Error("middleware");
          return await next();
        },
      };
      const server = newServer({ middleware: [thrower] });
      const { add } = withKitTasks(server);
      work({ server });
      expect((await failure(await server.send(add(1)))).message).toBe("middleware");
      broken = false;
      expect(await get(await server.send(add(1)))).toBe(1);
    },
  },
  {
    title: "a consume middleware that throws now and then loses nothing",
    async run({ newServer, withKitTasks, work, get }) {
      let calls = 0;
      const thrower: Middleware = {
        consume: async (_, next) => {
          calls += 1;
          if (calls === 1) throw new Error("before");
          await next();
          if (calls === 2) throw new Error("after");
        },
      };
      const server = newServer({ middleware: [thrower] });
      const { add } = withKitTasks(server);
      work({ server });
      expect(await get(await server.send(add(1)))).toBe(1);
      expect(await get(await server.send(add(2)))).toBe(2);
    },
  },
  {
    title: "a publish middleware that throws makes send reject, and nothing is left waiting",
    async run({ newServer, withKitTasks, work, failure, drained }) {
      const server = newServer({
        middleware: [
          {
            publish: () => Promise.reject(new Error("not today")),
          },
        ],
      });
      const { add } = withKitTasks(server);
      work({ server });
      await expect(server.send(add(1))).rejects.toThrow("not today");
      await drained();
      await failure({ get: () => server.send(chain(add(1), add(2))) as never }, undefined).catch(
        () => undefined,
      );
    },
  },
  {
    title:
      "a publish middleware that throws in a worker: a passing fault is tried again, all else settles the rest",
    async run({ newServer, withKitTasks, work, get, failure, drained }) {
      let calls = 0;
      let broken = false;
      const server = newServer({
        middleware: [
          {
            publish: async (call, next) => {
              calls += 1;
              if (calls === 2 || calls === 3) throw new WfeError("WFE_UNAVAILABLE", "not yet");
              if (broken && call.name !== "note") throw new Error("never");
              await next(call);
            },
          },
        ],
      });
      const { add, note, tell } = withKitTasks(server);
      work({ server });
      expect(await get(await server.send(chain(add(1), add(2))))).toBe(3);
      expect(calls).toBe(4);
      broken = true;
      expect((await failure(await server.send(chain(note("x"), tell(), tell())))).message).toContain("never");
      await drained();
    },
  },
  {
    title: "a publish middleware that throws at each retry makes the task fail, and is asked no more",
    async run({ newServer, withKitTasks, work, failure, drained }) {
      let refused = 0;
      const server = newServer({
        middleware: [
          {
            publish: async (call, next) => {
              if (call.retryCount === 0) {
                refused += 1;
                throw new Error("no retries here");
              }
              await next(call);
            },
          },
        ],
      });
      const { fail } = withKitTasks(server);
      work({ server });
      await failure(await server.send(fail("x").set({ retries: 1, backoff: exponential({ baseMs: 1 }) })));
      await drained();
      expect(refused).toBeLessThan(10);
    },
  },
  {
    title: "middleware sees every call, changes it, and wraps: the first is the outermost",
    async run({ newServer, withKitTasks, work, get }) {
      const order: string[] = [];
      const named = (name: string): Middleware => ({
        publish: async (call, next) => {
          order.push(`${name} publish`);
          await next({ ...call, headers: { ...call.headers, [name]: "was here" } });
        },
        consume: async (_, next) => {
          order.push(`${name} consume`);
          await next();
          order.push(`${name} consumed`);
        },
        run: async (task, next) => {
          order.push(`${name} run ${String(task.headers["outer"])}`);
          const value = await next();
          order.push(`${name} ran ${String(value)}`);
          return `${name}(${String(value)})`;
        },
      });
      const server = newServer({ middleware: [named("outer"), named("inner")] });
      const { note } = withKitTasks(server);
      const worker = work({ server });
      expect(await get(await server.send(note("x")))).toBe("outer(inner(x))");
      await worker.stop();
      expect(order).toEqual([
        "outer publish",
        "inner publish",
        "outer consume",
        "inner consume",
        "outer run was here",
        "inner run was here",
        "inner ran x",
        "outer ran inner(x)",
        "inner consumed",
        "outer consumed",
      ]);
    },
  },
  {
    title: "a logger that throws stops nothing",
    async run({ newServer, withKitTasks, work, get, failure }) {
      const throws = (): never => {
        throw new Error("disk full");
      };
      const server = newServer({ logger: { debug: throws, info: throws, warn: throws, error: throws } });
      const { add, fail } = withKitTasks(server);
      work({ server });
      await failure(await server.send(fail("x")));
      expect(await get(await server.send(add(1)))).toBe(1);
    },
  },
  {
    title: "the logger hears of failures, with the task's id and name",
    async run({ newServer, withKitTasks, work, failure, eventually }) {
      const heard: object[] = [];
      const server = newServer({ logger: { ...silent, error: (fields) => void heard.push(fields) } });
      const { fail } = withKitTasks(server);
      work({ server });
      const sent = await server.send(fail("x"));
      await failure(sent);
      await eventually(() => expect(heard).toMatchObject([{ taskId: sent.id, task: "fail" }]));
    },
  },
];
