import { type Creators, currentTask, PermanentFailure, results, RetryLater, type Results } from "@wfe/core";

/** What tasks of a case have done, in order. */
export interface Diary {
  readonly entries: string[];
  count(entry: string): number;
}

export function diary(): Diary {
  const entries: string[] = [];
  return { entries, count: (entry) => entries.filter((one) => one === entry).length };
}

/** The tasks of machinery's integration tests, and a few that go wrong in other ways. */
export type KitTasks = {
  readonly add: (...numbers: number[]) => number;
  readonly multiply: (...numbers: number[]) => number;
  readonly sum: (numbers: readonly number[]) => number;
  readonly return_just_error: (text: string, fail: boolean) => void;
  readonly return_multiple_values: (a: string, b: string, fail: boolean) => Results<[string, string]>;
  readonly panic: () => never;
  readonly delay_test: () => number;
  /** Writes its text into the diary and returns it. */
  readonly note: (text: string) => string;
  /** Writes its arguments into the diary. */
  readonly tell: (...args: unknown[]) => void;
  readonly fail: (text: string) => number;
  readonly failForGood: (text: string) => number;
  /** Fails so often, then returns how often it was run. */
  readonly failTimes: (times: number) => number;
  /** Asks to run later so often, then returns how often it was run. */
  readonly later: (times: number, delayMs: number) => number;
  readonly echo: (value: unknown) => unknown;
};

export type KitCreators = Creators<KitTasks>;

export function kitTasks(log: Diary, now: () => number): KitTasks {
  const runs = new Map<string, number>();
  const run = (): number => {
    const { id } = currentTask();
    runs.set(id, (runs.get(id) ?? 0) + 1);
    log.entries.push(`run ${id}`);
    return runs.get(id) as number;
  };
  return {
    add: (...numbers) => numbers.reduce((total, one) => total + one, 0),
    multiply: (...numbers) => numbers.reduce((product, one) => product * one, 1),
    sum: (numbers) => numbers.reduce((total, one) => total + one, 0),
    return_just_error(text, fail) {
      if (fail) throw new Error(text);
    },
    return_multiple_values(a, b, fail) {
      if (fail) throw new Error("some error");
      return results(a, b);
    },
    panic() {
      throw new Error("oops");
    },
    delay_test: () => now(),
    note(text) {
      log.entries.push(text);
      return text;
    },
    tell(...args) {
      log.entries.push(JSON.stringify(args));
    },
    fail(text) {
      run();
      throw new Error(text);
    },
    failForGood(text) {
      run();
      throw new PermanentFailure(text);
    },
    failTimes(times) {
      const count = run();
      if (count <= times) throw new Error(`failure ${count}`);
      return count;
    },
    later(times, delayMs) {
      const count = run();
      if (count <= times) throw new RetryLater(delayMs);
      return count;
    },
    echo: (value) => value,
  };
}
