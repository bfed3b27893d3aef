import { expect } from "vitest";
import { chain, chord, group } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

export const callbackCases: readonly Case<WorkflowTest>[] = [
  {
    title: "an immutable link takes nothing from the one before it",
    async run({ server, tasks, work, get, diary }) {
      work();
      const silent = tasks.tell("alone").set({ immutable: true });
      const sent = await server.send(chain(tasks.add(1, 1), silent));
      expect(await get(sent)).toBeUndefined();
      expect(diary.entries).toEqual(['["alone"]']);
    },
  },
  {
    title: "an immutable callback of a chord takes nothing, and so does an immutable group",
    async run({ server, tasks, work, get, diary }) {
      work();
      const silent = (text: string): never => tasks.tell(text).set({ immutable: true }) as never;
      const members = group(tasks.add(1), tasks.add(2));
      await get(await server.send(chord(members, silent("callback"))));
      await get(await server.send(chain(members, group(silent("one"), tasks.tell("two"))) as never));
      expect(diary.entries.toSorted()).toEqual(['["callback"]', '["one"]', '["two",1,2]']);
    },
  },
  {
    title: "a chord's callback takes the results though the link after it is immutable",
    async run({ server, tasks, work, get, diary }) {
      work();
      const callback = tasks.tell("callback");
      const last = tasks.tell("last").set({ immutable: true });
      await get(await server.send(chain(chord(group(tasks.add(1), tasks.add(2)), callback), last)));
      expect(diary.entries).toEqual(['["callback",1,2]', '["last"]']);
    },
  },
  {
    title: "a collecting callback takes all results as one array",
    async run({ server, tasks, work, get }) {
      work();
      const sum = tasks.sum.partial().set({ collect: true });
      expect(
        await get(await server.send(chord(group(tasks.add(1), tasks.add(2)) as never, sum as never))),
      ).toBe(3);
      const echo = tasks.echo.partial().set({ collect: true }) as never;
      const mixed = group(tasks.add(1), tasks.note("two")) as never;
      expect(await get(await server.send(chord(mixed, echo)))).toEqual([1, "two"]);
    },
  },
  {
    title: "several results are appended each on its own, no result appends nothing",
    async run({ server, tasks, work, get, diary }) {
      work();
      const { return_multiple_values, return_just_error, add, tell } = tasks;
      await get(await server.send(chain(return_multiple_values("a", "b", false), tell(0))));
      await get(await server.send(chain(return_just_error("", false), tell(1))));
      const members = group(return_multiple_values("c", "d", false), return_just_error("", false), add(5));
      await get(await server.send(chord(members, tell(2))));
      expect(diary.entries).toEqual(['[0,"a","b"]', "[1]", '[2,"c","d",5]']);
    },
  },
  {
    title: "onSuccess callbacks take the results, onError callbacks do not run",
    async run({ server, tasks, work, eventually, diary, drained }) {
      work();
      const { add, tell } = tasks;
      const options = {
        onSuccess: [tell("one") as never, tell("two").set({ immutable: true }) as never],
        onError: [tell("never") as never],
      };
      await server.send(add(1, 2).set(options));
      await eventually(() => expect(diary.entries.toSorted()).toEqual(['["one",3]', '["two"]']));
      await drained();
      expect(diary.entries).toHaveLength(2);
    },
  },
  {
    title:
      "onError callbacks take the error's text first, once, after the last retry; onSuccess ones end with it",
    async run({ server, tasks, work, eventually, diary, drained, failure, clock }) {
      work();
      const { fail, tell, add } = tasks;
      const options = {
        retries: clock ? 2 : 0,
        onError: [tell("then") as never],
        onSuccess: [add(1) as never],
      };
      const sent = await server.send(fail("why").set(options));
      expect((await failure(sent)).message).toBe("why");
      await eventually(() =>
        expect(diary.entries.filter((one) => !one.startsWith("run"))).toEqual(['["why","then"]']),
      );
      await failure(server.result(`${sent.id}.s0`));
      await drained();
      expect(diary.entries).toHaveLength(clock ? 4 : 2);
    },
  },
  {
    title: "callbacks have callbacks",
    async run({ server, tasks, work, eventually, diary }) {
      work();
      const { add, tell, fail } = tasks;
      const second = fail("second").set({ onError: [tell("third") as never] });
      await server.send(add(1).set({ onSuccess: [second as never] }));
      await eventually(() => expect(diary.entries).toContain('["second","third"]'));
    },
  },
];
