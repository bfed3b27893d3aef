import { expect } from "vitest";
import { chain, chord, group } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

/** When a task fails for good, everything that waits for it hears so: nothing stays PENDING. */
export const failureCases: readonly Case<WorkflowTest>[] = [
  {
    title: "a failed link settles the rest of its chain, with the cause",
    async run({ server, tasks, work, failure, state, drained, diary }) {
      work();
      const sent = await server.send(
        chain(tasks.add(1), tasks.fail("broken") as never, tasks.tell(1), tasks.tell(2)),
      );
      expect((await failure(sent)).message).toContain("broken");
      expect(await state(`${sent.id}.0`)).toMatchObject({ status: "SUCCESS" });
      expect(await state(`${sent.id}.1`)).toMatchObject({ status: "FAILURE", error: "broken" });
      expect(await state(`${sent.id}.2`)).toMatchObject({ status: "FAILURE" });
      await drained();
      expect(diary.entries.filter((one) => one.startsWith("["))).toEqual([]);
    },
  },
  {
    title: "a failed member settles the chord's callback and all after it",
    async run({ server, tasks, work, failure, state, drained }) {
      work();
      const { add, fail, multiply } = tasks;
      const sent = await server.send(chain(chord(group(add(1), fail("broken"), add(2)), multiply()), add(1)));
      const error = await failure(sent);
      expect(error.message).toContain("broken");
      expect(await state(`${sent.id}.0`)).toMatchObject({ status: "FAILURE", name: "multiply" });
      await drained();
    },
  },
  {
    title: "a chord's onError runs once, when all members have settled, with every failed one",
    async run({ server, tasks, work, failure, eventually, drained, diary, delay }) {
      work();
      const { add, fail, multiply, tell } = tasks;
      const slow = fail("third").set({ delayMs: delay(3) });
      const callback = multiply().set({ onError: [tell("heard") as never] });
      const sent = await server.send(chord(group(fail("first"), add(1), slow), callback));
      await failure(sent);
      const heard = (): string[] => diary.entries.filter((one) => one.includes("heard"));
      await eventually(() => expect(heard()).toHaveLength(1));
      expect(heard()[0]).toContain("first");
      expect(heard()[0]).toContain("third");
      expect(heard()[0]).toContain("2 of 3");
      await drained();
      expect(heard()).toHaveLength(1);
    },
  },
  {
    title: "a failure deep inside settles all that it is a part of",
    async run({ server, tasks, work, failure, drained, eventually, diary, state }) {
      work();
      const { add, fail, tell } = tasks;
      const inner = chord(group(chain(add(1), fail("deep") as never, add(2)), add(3)), add(4));
      const callback = tell("never").set({ onError: [tell("outer") as never] });
      const sent = await server.send(chain(add(0), chord(group(inner, add(5)), callback), add(6)));
      const error = await failure(sent);
      expect(error.message).toContain("deep");
      await eventually(() => expect(diary.entries.filter((one) => one.includes("outer"))).toHaveLength(1));
      await drained();
      expect(diary.entries.filter((one) => one.includes("never"))).toEqual([]);
      for (const place of ["1.g.0", "1.g.0.g.0", "1"]) {
        expect(await state(`${sent.id}.${place}`)).toMatchObject({ status: "FAILURE" });
      }
    },
  },
  {
    title: "a failed task before a group settles every member, and what follows the group",
    async run({ server, tasks, work, failure, state, drained }) {
      work();
      const { add, fail, multiply } = tasks;
      const sent = await server.send(chain(fail("early"), group(add(1), add(2)), multiply()));
      expect((await failure(sent)).message).toContain("early");
      for (const place of ["1.0", "1.1"])
        expect(await state(`${sent.id}.${place}`)).toMatchObject({ status: "FAILURE" });
      await drained();
    },
  },
  {
    title: "a group sent by itself fails only where it failed",
    async run({ server, tasks, work, get, failure }) {
      work();
      const sent = await server.send(group(tasks.add(1), tasks.fail("one"), tasks.add(2)));
      expect(await get(sent.members[0])).toBe(1);
      expect(await get(sent.members[2])).toBe(2);
      expect((await failure(sent.members[1])).message).toBe("one");
    },
  },
  {
    title: "a failed chord inside of a group counts as its member",
    async run({ server, tasks, work, failure, drained }) {
      work();
      const { add, fail, sum } = tasks;
      const inner = chord(group(fail("inside"), add(1)), add());
      const collecting = sum.partial().set({ collect: true });
      const sent = await server.send(chord(group(inner, add(2)) as never, collecting as never));
      expect((await failure(sent)).message).toContain("inside");
      await drained();
    },
  },
];
