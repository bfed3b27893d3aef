import { expect } from "vitest";
import { chain, type Server } from "@wfe/core";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import { tap } from "../tap.ts";
import type { WorkflowTest } from "./context.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Recorder {
  readonly server: Server;
  readonly bodies: string[];
  /** The ids of the calls that were published, in order. */
  readonly published: string[];
}

/** A server that remembers what its workers took and what it published. */
function recorder({ newServer }: WorkflowTest): Recorder {
  const bodies: string[] = [];
  const published: string[] = [];
  const server = newServer({
    middleware: [
      {
        publish: async (call, next) => {
          published.push(call.id);
          await next(call);
        },
        consume: async (delivery, next) => {
          bodies.push(delivery.body);
          await next();
        },
      },
    ],
  });
  return { server, bodies, published };
}

/** Puts a message into the queue that is told as redelivered when it is taken next, where this broker can tell. */
async function putRedelivered({ adapters, queue }: WorkflowTest, body: string): Promise<void> {
  const id = uniqueName("copy");
  await adapters.broker.publish([{ id, queue, body }]);
  const taken = tap(adapters.broker, queue, { prefetch: 1, each: (delivery) => delivery.release() });
  await taken.take(1);
  await taken.stop();
}

/** Messages come more than once. */
export const copyCases: readonly Case<WorkflowTest>[] = [
  {
    title: "two copies of one message never run at once, and the second changes nothing",
    async run(test) {
      const { adapters, queue, work, get, eventually, drained, state } = test;
      const { server, bodies } = recorder(test);
      const gate = Promise.withResolvers<string>();
      let running = 0;
      let most = 0;
      let runs = 0;
      const { hold } = server.register({
        hold: async () => {
          runs += 1;
          most = Math.max(most, (running += 1));
          const value = await gate.promise;
          running -= 1;
          return value;
        },
      });
      work({ server, beatMs: 20 });
      const sent = await server.send(hold());
      await eventually(async () => expect(await state(sent.id)).toMatchObject({ status: "STARTED" }));
      const body = bodies[0] ?? "";
      await adapters.broker.publish([1, 2, 3].map(() => ({ id: sent.id, queue, body })));
      await eventually(() => expect(bodies.length).toBeGreaterThanOrEqual(4));
      for (let turns = 0; turns < 20; turns += 1) await turn();
      gate.resolve("once");
      expect(await get(sent)).toBe("once");
      await drained();
      expect({ runs, most }).toEqual({ runs: 1, most: 1 });
    },
  },
  {
    title: "a redelivered message whose run has ended is not run again, but what follows is published again",
    async run(test) {
      const { withKitTasks, work, get, drained, diary, wait, state } = test;
      const { server, bodies, published } = recorder(test);
      const { note, tell } = withKitTasks(server);
      const worker = work({ server });
      const sent = await server.send(chain(note("once"), tell("then")));
      await get(sent);
      await drained();
      await wait(worker.stop());
      const before = await state(`${sent.id}.0`);
      published.length = 0;
      await putRedelivered(test, bodies[0] ?? "");
      work({ server });
      await drained();
      expect(published).toEqual([sent.id]);
      expect(diary.entries).toEqual(["once", '["then","once"]']);
      expect(await state(`${sent.id}.0`)).toEqual(before);
    },
  },
  {
    title: "a second copy of a message whose run has ended is dropped, and nothing follows from it",
    needs: ({ facts }) => (facts.tellsRedelivery ? undefined : "facts.tellsRedelivery is false"),
    async run(test) {
      const { withKitTasks, work, get, drained, diary, adapters, queue } = test;
      const { server, bodies, published } = recorder(test);
      const { note, tell } = withKitTasks(server);
      work({ server });
      await get(await server.send(chain(note("once"), tell("then"))));
      published.length = 0;
      await adapters.broker.publish([{ id: uniqueName("copy"), queue, body: bodies[0] ?? "" }]);
      await drained();
      expect(published).toEqual([]);
      expect(diary.entries).toEqual(["once", '["then","once"]']);
    },
  },
  {
    title: "a stale copy of an attempt that was retried is dropped",
    async run(test) {
      const { withKitTasks, work, get, drained, diary } = test;
      const { server, bodies } = recorder(test);
      const { failTimes } = withKitTasks(server);
      work({ server });
      const backoff = { kind: "exponential", baseMs: 1, maxMs: 2, jitter: false } as const;
      const sent = await server.send(failTimes(2).set({ retries: 2, backoff }));
      expect(await get(sent)).toBe(3);
      await test.adapters.broker.publish([
        { id: uniqueName("copy"), queue: test.queue, body: bodies[0] ?? "" },
      ]);
      await drained();
      expect(diary.count(`run ${sent.id}`)).toBe(3);
    },
  },
];
