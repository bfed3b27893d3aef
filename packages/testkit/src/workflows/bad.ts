import { expect } from "vitest";
import { chain, chord, defineTask, group, type Middleware } from "@wfe/core";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

export const badInputCases: readonly Case<WorkflowTest>[] = [
  {
    title: "bytes that are no call become dead letters, and the worker goes on",
    async run({ server, tasks, adapters, queue, work, get, eventually }) {
      const bodies = [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        '{"UUID":"","Name":"add"}',
        '{"UUID":"x","Name":""}',
        '{"UUID":1,"Name":"add"}',
        '{"UUID":"x","Name":"add","Args":{}}',
        '{"UUID":"x","Name":"add","RetryCount":1.5}',
        "\u0000\uFFFD not JSON 🚀",
      ];
      await adapters.broker.publish(bodies.map((body) => ({ id: uniqueName("bad"), queue, body })));
      work();
      expect(await get(await server.send(tasks.add(1, 1)))).toBe(2);
      const letters = await eventually(async () => {
        const found = await server.deadLetters().list();
        expect(found).toHaveLength(bodies.length);
        return found;
      });
      expect(letters.map((letter) => letter.body).toSorted()).toEqual(bodies.toSorted());
      for (const letter of letters) expect(letter).toMatchObject({ reason: "MALFORMED", queue, cut: false });
      expect(await server.deadLetters().drop(() => true)).toBe(bodies.length);
      await eventually(async () => expect(await server.deadLetters().list()).toEqual([]));
    },
  },
  {
    title: "arguments that do not fit are a failure of the task: too few, a wrong type, a wrong value",
    async run({ server, adapters, queue, work, failure, eventually }) {
      const { declared } = server.register({
        declared: defineTask((a: number, b: string) => a + b.length, { params: ["int32", "string"] }),
        counted: (a: number, b: number) => a + b,
      });
      work();
      const few = await server.send(server.signature("counted", [1]));
      expect((await failure(few)).message).toContain("2 arguments, got 1");
      const none = await server.send(server.signature("declared", []));
      expect((await failure(none)).message).toContain("takes 2 arguments, got 0");
      expect((await failure(await server.send(server.signature("declared", ["x", "y"])))).message).toContain(
        "int32",
      );
      expect(() => declared(2 ** 40, "x")).toThrow("int32");
      const id = uniqueName("odd");
      const args = [{ Type: "int64", Value: "seven" }];
      const body = JSON.stringify({ UUID: id, Name: "counted", Args: args });
      await adapters.broker.publish([{ id, queue, body }]);
      const odd = server.result(id);
      await eventually(async () => expect(await odd.state()).toMatchObject({ status: "FAILURE" }));
    },
  },
  {
    title: "an unknown task waits, then is a dead letter and a FAILURE, and can be sent again",
    async run({ newServer, withKitTasks, work, failure, eventually, wait, get, server: full }) {
      const knowing = newServer({ unknownTaskLimitMs: 1_500 });
      withKitTasks(knowing);
      const unknowing = work({ server: knowing });
      const sent = await knowing.send(knowing.signature("nobody", [1, 2]));
      expect((await failure(sent)).message).toContain("nobody");
      const [letter] = await eventually(async () => {
        const found = await knowing.deadLetters().list();
        expect(found).toHaveLength(1);
        return found;
      });
      expect(letter).toMatchObject({ id: sent.id, reason: "UNREGISTERED" });
      await wait(unknowing.stop()); // else it is a matter of luck who takes the copy
      full.register({ nobody: (a: number, b: number) => a + b });
      work({ server: full });
      const [id = ""] = await wait(full.deadLetters().resend((one) => one.id === sent.id));
      expect(id).not.toBe(sent.id);
      expect(id).toContain(sent.id);
      expect(await get(full.result(id))).toBe(3);
      expect(await full.deadLetters().list()).toEqual([]);
    },
  },
  {
    title: "an unknown task is no hot loop",
    async run({ newServer, work, wait, clock, now, settings, facts }) {
      let published = 0;
      const counting: Middleware = {
        publish: async (call, next) => {
          published += 1;
          await next(call);
        },
      };
      const empty = newServer({ middleware: [counting] });
      work({ server: empty });
      await empty.send(empty.signature("nobody"));
      if (clock) await clock.advance(60_000);
      else {
        const endAt = now() + 10 * settings.delayMs;
        await wait(new Promise<void>((resolve) => void setTimeout(resolve, endAt - now())));
      }
      const hops = clock ? (2 * 60_000) / facts.maxDelayMs : 0;
      expect(published).toBeLessThan(hops + (clock ? 12 : 3));
    },
  },
  {
    title: "ignoreWhenNotRegistered: an unknown task is dropped",
    async run({ newServer, work, drained }) {
      const empty = newServer();
      work({ server: empty });
      await empty.send(empty.signature("nobody", [], { ignoreWhenNotRegistered: true }));
      await drained();
      expect(await empty.deadLetters().list()).toEqual([]);
    },
  },
  {
    title: "keepOnError: what failed for good is a dead letter, too",
    async run({ server, tasks, work, failure, eventually, wait, get }) {
      work();
      const sent = await server.send(tasks.fail("kept").set({ keepOnError: true }));
      await failure(sent);
      const letters = await eventually(async () => {
        const found = await server.deadLetters().list();
        expect(found).toHaveLength(1);
        return found;
      });
      expect(letters[0]).toMatchObject({ id: sent.id, reason: "FAILED", error: "kept" });
      const other = await server.send(tasks.failTimes(1).set({ keepOnError: true }));
      await failure(other);
      await eventually(async () => expect(await server.deadLetters().list()).toHaveLength(2));
      const [again = ""] = await wait(server.deadLetters().resend((letter) => letter.id === other.id));
      await eventually(async () =>
        expect(await server.result(again).state()).toMatchObject({ status: "FAILURE" }),
      );
      expect(await wait(server.deadLetters().drop((letter) => letter.id === sent.id))).toBe(1);
      expect(await get(await server.send(tasks.add(1)))).toBe(1);
    },
  },
  {
    title: "a result that cannot be carried is a failure, and the worker goes on",
    async run({ server, tasks, work, failure, get }) {
      const cycle: Record<string, unknown> = {};
      cycle["self"] = cycle;
      const { odd } = server.register({
        odd: (kind: string): unknown =>
          ({ cycle, date: new Date(0), map: new Map(), nan: NaN, deep: { f: () => 1 } })[kind],
      });
      work();
      for (const kind of ["cycle", "date", "map", "nan", "deep"]) {
        expect((await failure(await server.send(odd(kind)))).message, kind).toContain("odd() result");
      }
      expect(await get(await server.send(tasks.add(1, 1)))).toBe(2);
    },
  },
  {
    title: "whatever is thrown is a failure with a text",
    async run({ server, work, failure }) {
      const values: Record<string, unknown> = {
        text: "a text",
        nothing: undefined,
        null: null,
        number: 7,
        object: { code: 1 },
        hostile: new Proxy(
          {},
          {
            get: () => {
              throw new Error("no");
            },
          },
        ),
        empty: new Error(""),
        unicode: new Error("🚀 \u2028 <&>"),
      };
      const { throws } = server.register({
        throws: (kind: string) => {
          throw values[kind];
        },
      });
      work();
      for (const kind of Object.keys(values)) {
        const { message } = await failure(await server.send(throws(kind)));
        expect(message, kind).not.toBe("");
      }
      expect((await failure(await server.send(throws("text")))).message).toBe("a text");
      expect((await failure(await server.send(throws("unicode")))).message).toBe("🚀 \u2028 <&>");
    },
  },
  {
    title: "a call that is too large is refused at send, and nothing of its workflow is left waiting",
    needs: ({ facts }) =>
      facts.maxMessageBytes > 70 * 2 ** 20 ? "facts.maxMessageBytes is too large to exceed" : undefined,
    async run({ server, tasks, work, failure, facts, drained, wait }) {
      const large = "x".repeat(facts.maxMessageBytes);
      const { echo, add } = tasks;
      const send = async (node: never): Promise<string> => {
        const id = uniqueName("large");
        await failure({ get: () => server.send(node, { id }) as never }, "WFE_TOO_LARGE");
        return id;
      };
      const told = tasks.tell(large);
      const ids = [
        await send(echo(large) as never),
        await send(chain(add(1), told) as never),
        await send(chord(group(add(1)), told) as never),
      ];
      work();
      await drained();
      for (const id of ids) await wait(failure(server.result(id)));
      await failure(
        { get: () => server.send(chord(group(add(1), echo(large)), tasks.tell())) as never },
        "WFE_PUBLISH_FAILED",
      );
      await drained();
    },
  },
];
