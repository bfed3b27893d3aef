import { expect } from "vitest";
import { chain, chord, group } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

export const groupCases: readonly Case<WorkflowTest>[] = [
  {
    title: "a group of 0 has ended when it is sent",
    async run({ server, get, wait }) {
      const sent = await server.send(group());
      expect(await get(sent)).toEqual([]);
      expect(await wait(sent.settled())).toEqual([]);
    },
  },
  {
    title: "a group of 1",
    async run({ server, tasks, work, get }) {
      work();
      expect(await get(await server.send(group(tasks.add(1, 2))))).toEqual([3]);
      expect(await get(await server.send(chord(group(tasks.add(1, 2)), tasks.multiply(4))))).toBe(12);
    },
  },
  {
    title: "a large group and a large chord, in declared order",
    async run({ server, tasks, work, get, wait, settings }) {
      work({ concurrency: 100 });
      const numbers = Array.from({ length: settings.members }, (_, index) => index);
      const members = (): ReturnType<typeof tasks.add>[] => numbers.map((one) => tasks.add(one, 1));
      expect(await get(await server.send(group(...members())))).toEqual(numbers.map((one) => one + 1));
      const sum = tasks.sum.partial().set({ collect: true });
      const total = numbers.reduce((all, one) => all + one + 1, 0);
      const sent = await wait(server.send(chord(group(...members()) as never, sum as never)));
      expect(await get(sent)).toBe(total);
    },
  },
  {
    title: "a group tells how each member ended",
    async run({ server, tasks, work, wait, failure, get }) {
      work();
      const sent = await server.send(group(tasks.add(1, 1), tasks.fail("no"), tasks.note("yes")));
      const ends = await wait(sent.settled({ timeoutMs: 60_000 }));
      expect(ends.map((end) => end.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect((await failure(sent)).message).toBe("no");
      expect(await get(sent.members[0])).toBe(2);
      expect(await get(sent.members[2])).toBe("yes");
    },
  },
  {
    title: "a group is opened again by its id, elsewhere",
    async run({ server, tasks, work, wait, newServer, another, failure }) {
      work();
      const sent = await server.send(group(tasks.add(1, 1), tasks.add(2, 2)));
      const elsewhere = newServer({}, await another());
      const again = await elsewhere.groupResult(sent.id);
      expect(await wait(again.get({ timeoutMs: 60_000 }))).toEqual([2, 4]);
      await failure({ get: () => elsewhere.groupResult("nobody") }, "WFE_RESULT_NOT_FOUND");
    },
  },
];

/** Any shape in any other: what is to come out. */
interface Shape {
  readonly title: string;
  readonly gives: unknown;
  node(tasks: WorkflowTest["tasks"]): unknown;
}

const SHAPES: readonly Shape[] = [
  {
    title: "a chain as a group's member",
    gives: [10, 7],
    node: ({ add }) => group(chain(add(1, 2), add(3), add(4)), add(7)),
  },
  {
    title: "a group inside of a chain",
    gives: 88,
    node: ({ add, multiply }) => chain(group(add(1, 1), add(2, 2), add(5, 6)), multiply()),
  },
  {
    title: "a group at a chain's end",
    gives: [4, 5],
    node: ({ add }) => chain(add(1, 2), group(add(1), add(2))),
  },
  {
    title: "a chain in a chain, at its start, middle and end",
    gives: 1234,
    node: ({ add }) => chain(chain(add(1000), add(200)), chain(add(10), add(10)), chain(add(10), add(4))),
  },
  {
    title: "a chord in a chord, as member and as callback",
    gives: 10 + 10 + 100,
    node: ({ add }) =>
      chord(
        group(chord(group(add(1), add(2)), add()), add(7)),
        chord(group(add(0), add(0)), add(100)) as never,
      ),
  },
  {
    title: "a chord whose callback is a chain",
    gives: 30,
    node: ({ add, multiply }) => chord(group(add(1), add(2)), chain(multiply(5), add(20))),
  },
  {
    title: "a chord whose callback is a group",
    gives: [13, 23],
    node: ({ add }) => chord(group(add(1), add(2)), group(add(10), add(20)) as never),
  },
  {
    title: "a chord inside of a chain",
    gives: 111,
    node: ({ add }) => chain(add(1), chord(group(add(2), add(3)), add(4)), add(100)),
  },
  {
    title: "a group after a group",
    gives: [13, 23],
    node: ({ add }) => chain(group(add(1), add(2)), group(add(10), add(20))),
  },
  {
    title: "three groups in a row, and one to take them in",
    gives: (3 + 3) * 2 + 1,
    node: ({ add }) =>
      chain(group(add(1), add(2)), group(add(), add()), group(add(), add(1)) as never, add() as never),
  },
  {
    title: "a group in a group",
    gives: [[1, 2], 3],
    node: ({ add }) => group(group(add(1), add(2)), add(3)),
  },
  {
    title: "a chord of groups: each gives an array",
    gives: [[1, 2], [], 3],
    node: ({ add, echo }) =>
      chord(
        group(group(add(1), add(2)), group(), add(3)) as never,
        echo.partial().set({ collect: true }) as never,
      ),
  },
  { title: "an empty group as a chord's group", gives: 7, node: ({ add }) => chord(group(), add(7)) },
  {
    title: "an empty group as a chord's group, whose callback collects",
    gives: 0,
    node: ({ sum }) => chord(group() as never, sum.partial().set({ collect: true }) as never),
  },
  { title: "an empty group at a chain's start", gives: 7, node: ({ add }) => chain(group(), add(7)) },
  { title: "an empty group in a chain", gives: 7, node: ({ add }) => chain(add(1), group(), add(7)) },
  { title: "an empty group at a chain's end", gives: [], node: ({ add }) => chain(add(1), group()) },
  { title: "an empty group as a group's member", gives: [[], 1], node: ({ add }) => group(group(), add(1)) },
  { title: "only empty groups", gives: [], node: () => chain(group(), group()) },
  {
    title: "an empty group as a callback",
    gives: [],
    node: ({ add }) => chord(group(add(1)), group() as never),
  },
];

function shapeCase({ title, gives, node }: Shape): Case<WorkflowTest> {
  return {
    title: `nests: ${title}`,
    async run({ server, tasks, work, get, drained }) {
      work();
      const sent = await server.send(node(tasks) as never);
      expect(await get(sent)).toEqual(gives);
      await drained();
    },
  };
}

export const nestingCases: readonly Case<WorkflowTest>[] = SHAPES.map(shapeCase);
