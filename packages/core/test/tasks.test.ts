import { describe, expect, it } from "vitest";
import {
  addTasks,
  createCreator,
  decodeArguments,
  decodeResults,
  defineTask,
  encodeResults,
} from "../src/tasks.ts";
import type { Registered } from "../src/tasks.ts";
import { results } from "../src/workflow.ts";
import { call } from "./calls.ts";

const code = (name: string) => expect.objectContaining({ code: name }) as Error;

function registry(tasks: Readonly<Record<string, unknown>>): Map<string, Registered> {
  const made = new Map<string, Registered>();
  addTasks(made, tasks as never);
  return made;
}

function only(task: unknown): Registered {
  return registry({ task }).get("task") as Registered;
}

describe("registering (TestRegisterTasks, TestRegisterTask, TestGetRegisteredTaskNames, TestIsTaskRegistered)", () => {
  it("takes functions and definitions, under their names", () => {
    const made = registry({ one: () => 1, two: defineTask(() => 2, { timeoutMs: 5 }) });
    expect([...made.keys()]).toEqual(["one", "two"]);
    expect(made.get("two")?.options.timeoutMs).toBe(5);
  });

  it("adds none of them where one is wrong (TestValidateTask)", () => {
    const made = registry({ one: () => 1 });
    expect(() => addTasks(made, { two: () => 2, one: () => 3 })).toThrow(code("WFE_DUPLICATE_TASK"));
    const wrong = [
      5,
      null,
      undefined,
      "text",
      {},
      { run: 5, options: {} },
      defineTask(() => 1, { timeoutMs: 0 }),
      defineTask(() => 1, { timeoutMs: NaN }),
    ];
    for (const task of wrong) {
      expect(() => addTasks(made, { fine: () => 1, task: task as never }), JSON.stringify(task)).toThrow(
        code("WFE_INVALID_OPTION"),
      );
    }
    expect(() => addTasks(made, { "": () => 1 })).toThrow(code("WFE_INVALID_OPTION"));
    expect([...made.keys()]).toEqual(["one"]);
  });
});

describe("arguments", () => {
  const args = (...values: unknown[]) => values.map((value) => ({ name: "", type: "int64", value }));

  it("of a call from elsewhere are counted (TestTaskCallInvalidArgRobustnessError)", () => {
    const task = only((a: number, b: number) => a + b);
    expect(decodeArguments(task, call({ args: args(1, 2) }))).toEqual([1, 2]);
    expect(decodeArguments(task, call({ args: args(1, 2, 3) }))).toEqual([1, 2, 3]);
    expect(() => decodeArguments(task, call({ args: args(1) }))).toThrow("takes at least 2 arguments, got 1");
    expect(() => decodeArguments(task, call())).toThrow(code("WFE_INVALID_VALUE"));
    const untyped = { "wfe-sent": "1", "wfe-untyped": "1" };
    expect(() => decodeArguments(task, call({ headers: untyped }))).toThrow("got 0");
  });

  it("of a call that the compiler has checked are not: some are optional", () => {
    const task = only((a: number, b?: number) => a + (b ?? 0));
    expect(decodeArguments(task, call({ args: args(1), headers: { "wfe-sent": "1" } }))).toEqual([1]);
  });

  it("are as many as were declared, and of those types (TestTaskReflectArgs)", () => {
    const task = only(defineTask((a: bigint, b: number) => [a, b], { params: ["bigint", "int8"] }));
    expect(decodeArguments(task, call({ args: args(1, 2) }))).toEqual([1n, 2]);
    expect(() => decodeArguments(task, call({ args: args(1) }))).toThrow("takes 2 arguments, got 1");
    expect(() => decodeArguments(task, call({ args: args(1, 2, 3) }))).toThrow("got 3");
    expect(() => decodeArguments(task, call({ args: args(1, 200) }))).toThrow("argument 2");
  });

  it("are checked when the signature is made", () => {
    const create = createCreator("task", { params: ["int8"] });
    expect(() => create(1, 2)).toThrow("declares 1 parameters, got 2");
    expect(() => create(200)).toThrow("task() argument 1");
    expect(create(5)).toMatchObject({ kind: "task", name: "task", args: [{ type: "int8", value: 5 }] });
    expect(Object.isFrozen(create(5))).toBe(true);
  });
});

describe("results", () => {
  it("are none for undefined, one for a value, several for results()", () => {
    const task = only(() => 1);
    expect(encodeResults(task, undefined)).toEqual([]);
    expect(encodeResults(task, 1)).toEqual([{ type: "int64", value: 1 }]);
    expect(encodeResults(task, results(1, "x")).map((one) => one.value)).toEqual([1, "x"]);
    expect(encodeResults(task, results())).toEqual([]);
  });

  it("have the declared type", () => {
    const one = only(defineTask(() => 1, { result: "float64" }));
    expect(encodeResults(one, 2)).toMatchObject([{ type: "float64", value: 2 }]);
    const two = only(defineTask(() => results(1, 2), { result: ["float64", "uint8"] }));
    expect(encodeResults(two, results(2, 3)).map((value) => value.type)).toEqual(["float64", "uint8"]);
    expect(() => encodeResults(two, results(2, 300))).toThrow("task() result 2");
  });

  it("are what get() gives: nothing, the value, or an array", () => {
    const int = (value: unknown) => ({ type: "int64", value });
    expect(decodeResults("task", [])).toBeUndefined();
    expect(decodeResults("task", [int(1)])).toBe(1);
    expect(decodeResults("task", [int(1), int(2n ** 60n)])).toEqual([1, 2n ** 60n]);
  });
});

describe("options of a signature", () => {
  const task = createCreator("task")();

  it.each([
    [{ retries: -1 }, "retries"],
    [{ retries: 1.5 }, "retries"],
    [{ priority: 256 }, "priority"],
    [{ queue: "" }, "queue"],
    [{ id: "" }, "id"],
    [{ delayMs: -1 }, "delayMs"],
    [{ delayMs: Infinity }, "delayMs"],
    [{ notBefore: new Date(NaN) }, "notBefore"],
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ headers: { "wfe-sent": "1" } }, "headers"],
    [{ onError: [() => 1] }, "onError"],
    [{ onSuccess: "x" }, "onSuccess"],
    [{ immutable: "yes" }, "immutable"],
    [{ retry: 3 }, "retry is not an option"],
  ])("%o is refused", (options, text) => {
    expect(() => task.set(options as never)).toThrow(text);
    expect(() => task.set(options as never)).toThrow(code("WFE_INVALID_OPTION"));
  });

  it("are added to those before, headers one by one, in a copy", () => {
    const first = task.set({ headers: { a: 1 }, retries: 2 });
    const second = first.set({ headers: { b: 2 }, queue: "q" });
    expect(second.options).toEqual({ headers: { a: 1, b: 2 }, retries: 2, queue: "q" });
    expect(first.options).toEqual({ headers: { a: 1 }, retries: 2 });
    expect(task.options).toEqual({});
  });
});
