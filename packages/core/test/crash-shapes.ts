import { type Creators, chain, chord, exponential, group, PermanentFailure } from "@wfe/core";

/** A workflow of the crash tests, and what is to come of it however often its processes die. */
export interface Shape {
  readonly title: string;
  /** What `get()` answers; undefined: it fails, or is a group. */
  readonly gives?: number;
  /** How often each task runs when nothing goes wrong. */
  readonly runs: Readonly<Record<string, number>>;
  /** How many dead letters there are to be, each once or, after a crash, twice. */
  readonly dead?: number;
  node(tasks: Tasks): unknown;
}

export type Tasks = Creators<ReturnType<typeof crashTasks>>;

/** How often each task was run, by all processes. */
export class World {
  readonly runs: Record<string, number> = {};

  count(name: string): number {
    return (this.runs[name] = (this.runs[name] ?? 0) + 1);
  }
}

export function crashTasks(world: World) {
  const adding =
    (name: string, more: number) =>
    (...numbers: number[]): number => {
      world.count(name);
      return numbers.reduce((total, one) => total + one, more);
    };
  return {
    one: adding("one", 1),
    two: adding("two", 2),
    three: adding("three", 3),
    last: adding("last", 100),
    flaky: (): number => {
      if (world.count("flaky") === 1) throw new Error("first run");
      return 7;
    },
    broken: (...numbers: number[]): number => {
      world.count("broken");
      if (numbers.length > 1) throw new Error("too many");
      throw new PermanentFailure("broken");
    },
    heard: (text: string): void => void (text === "" || world.count("heard")),
  };
}

const once = { retries: 1, backoff: exponential({ baseMs: 10, jitter: false }) };

export const SHAPES: readonly Shape[] = [
  { title: "a task", gives: 1, runs: { one: 1 }, node: ({ one }) => one() },
  { title: "a task with a retry", gives: 7, runs: { flaky: 2 }, node: ({ flaky }) => flaky().set(once) },
  {
    title: "a chain of 3",
    gives: 106,
    runs: { one: 1, two: 1, last: 1 },
    node: ({ one, two, last }) => chain(one(), two(3), last()),
  },
  {
    title: "a chain with a failing link",
    runs: { one: 1, broken: 1, heard: 1 },
    node: ({ one, broken, heard, last }) =>
      chain(one(), broken().set({ onError: [heard.partial() as never] }), last()),
  },
  {
    title: "a failing task that is kept",
    runs: { broken: 1 },
    dead: 1,
    node: ({ broken }) => broken().set({ keepOnError: true }),
  },
  {
    title: "a group of 3",
    runs: { one: 1, two: 1, three: 1 },
    node: ({ one, two, three }) => group(one(), two(), three()),
  },
  {
    title: "a chord of 3",
    gives: 106,
    runs: { one: 1, two: 1, three: 1, last: 1 },
    node: ({ one, two, three, last }) => chord(group(one(), two(), three()), last()),
  },
  {
    title: "a chord with a failing member",
    runs: { one: 1, broken: 1, heard: 1 },
    node: ({ one, broken, heard, last }) =>
      chord(group(one(), broken()), last().set({ onError: [heard.partial() as never] })),
  },
  {
    title: "a group after a group, then one task",
    gives: 108,
    runs: { one: 3, two: 1, last: 1 },
    node: ({ one, two, last }) => chain(group(one(), two()), group(one(), one()), last()),
  },
];
