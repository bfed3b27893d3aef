import { expect } from "vitest";
import { chain } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

const needsCrash = ({ fixture }: WorkflowTest): string | undefined =>
  fixture.crash ? undefined : "the fixture cannot crash a process";

/** Starts a worker in a process of its own, waits until it runs the task, and kills it. */
async function killWhileRunning(test: WorkflowTest, id: string, start: number): Promise<void> {
  const { newServer, another, work, crash, eventually, state } = test;
  const process = await another();
  const doomed = newServer({ maxStarts: 3 }, process);
  doomed.register({ deadly: () => new Promise<string>(() => undefined) });
  work({ server: doomed, beatMs: 50 });
  await eventually(async () => expect(await state(id)).toMatchObject({ status: "STARTED", start }));
  await crash(process);
}

export const crashCases: readonly Case<WorkflowTest>[] = [
  {
    title: "a task whose worker died is run again by another, which can tell",
    needs: needsCrash,
    async run(test) {
      const { server, work, get, drained } = test;
      const sent = await server.send(server.signature("deadly"));
      await killWhileRunning(test, sent.id, 1);
      server.register({ deadly: () => "survived" });
      work({ beatMs: 50 });
      expect(await get(sent)).toBe("survived");
      expect(await sent.state()).toMatchObject({ start: 2, attempt: 0 });
      await drained();
    },
  },
  {
    title:
      "a poison task, which kills its worker each time, ends as a dead letter (WORKER_LOST) and a FAILURE",
    needs: needsCrash,
    async run(test) {
      const { newServer, work, failure, eventually, diary, withKitTasks, drained } = test;
      const server = newServer({ maxStarts: 3 });
      const { tell, add } = withKitTasks(server);
      const sent = await server.send(
        chain(server.signature("deadly", [], { onError: [tell("heard") as never] }), add(1)),
      );
      const id = `${sent.id}.0`;
      for (const start of [1, 2, 3]) await killWhileRunning(test, id, start);
      server.register({ deadly: () => "must not run" });
      work({ server, beatMs: 50 });
      expect((await failure(sent)).message).toContain("lost their worker");
      expect(await server.result(id).state()).toMatchObject({ status: "FAILURE" });
      const [letter] = await eventually(async () => {
        const found = await server.deadLetters().list();
        expect(found).toHaveLength(1);
        return found;
      });
      expect(letter).toMatchObject({ id, reason: "WORKER_LOST" });
      await eventually(() => expect(diary.entries).toHaveLength(1));
      expect(diary.entries[0]).toContain("heard");
      await drained();
    },
  },
  {
    title: "a worker that died in a later attempt is replaced, and the attempt goes on",
    needs: needsCrash,
    async run(test) {
      const { server, newServer, another, work, crash, eventually, get, state } = test;
      const process = await another();
      const doomed = newServer({}, process);
      let runs = 0;
      doomed.register({
        deadly: () => {
          runs += 1;
          if (runs === 1) throw new Error("first attempt");
          return new Promise<string>(() => undefined);
        },
      });
      const backoff = { kind: "exponential", baseMs: 1, maxMs: 2, jitter: false } as const;
      const sent = await server.send(server.signature("deadly", [], { retries: 1, backoff }));
      work({ server: doomed, beatMs: 50 });
      await eventually(async () =>
        expect(await state(sent.id)).toMatchObject({ status: "STARTED", attempt: 1 }),
      );
      await crash(process);
      server.register({ deadly: () => "survived" });
      work({ beatMs: 50 });
      expect(await get(sent)).toBe("survived");
      expect(await sent.state()).toMatchObject({ start: 2, attempt: 1 });
    },
  },
  {
    title: "a run that lost its lease is told so, and its result is dropped",
    needs: ({ fixture }) => (fixture.loseLeases ? undefined : "the fixture cannot take leases away"),
    async run(test) {
      const { server, newServer, another, work, eventually, get, state, fixture, drained } = test;
      const gate = Promise.withResolvers<string>();
      const process = await another();
      const stalled = newServer({}, process);
      let ended = false;
      stalled.register({
        task: async () => {
          const value = await gate.promise;
          ended = true;
          return value;
        },
      });
      const sent = await server.send(server.signature("task"));
      const worker = work({ server: stalled, beatMs: 50 });
      await eventually(async () => expect(await state(sent.id)).toMatchObject({ status: "STARTED" }));
      const fetching = worker.stop();
      await fixture.loseLeases?.(process);
      server.register({ task: () => "by the next" });
      work({ beatMs: 50 });
      expect(await get(sent)).toBe("by the next");
      gate.resolve("by the first");
      await eventually(() => expect(ended).toBe(true));
      await test.wait(fetching);
      expect(await get(sent)).toBe("by the next");
      await drained();
    },
  },
];
