import { expect } from "vitest";
import { bytes, defineTask, type ValueType, typed } from "@wfe/core";
import type { Case } from "../suite.ts";
import type { WorkflowTest } from "./context.ts";

/** Each type, and values at its edges. What comes back must be the same. */
const VALUES: readonly (readonly [ValueType, readonly unknown[]])[] = [
  ["bool", [true, false]],
  ["string", ["", "text", '🚀 \u2028 \u0000 <&> "\\', "\uFFFF"]],
  ["int", [0, -1, 2 ** 53 - 1]],
  ["int8", [-128, 127]],
  ["int16", [-32_768, 32_767]],
  ["int32", [-(2 ** 31), 2 ** 31 - 1]],
  ["int64", [0, -(2 ** 53 - 1), 2 ** 53 - 1]],
  ["uint", [0, 2 ** 53 - 1]],
  ["uint8", [0, 255]],
  ["uint16", [0, 65_535]],
  ["uint32", [0, 2 ** 32 - 1]],
  ["uint64", [0, 2 ** 53 - 1]],
  ["float32", [0, 1.5, -0.25]],
  ["float64", [0, 2, 0.1, -1e300, 5e-324]],
  ["bigint", [0n, 2n ** 63n - 1n, -(2n ** 63n), 1n, 2n ** 64n - 1n]],
  ["[]bool", [[], [true, false]]],
  ["[]string", [[], ["a", "", "🚀"]]],
  ["[]int", [[], [1, -1]]],
  ["[]int8", [[-128, 127]]],
  ["[]int16", [[1]]],
  ["[]int32", [[1, 2, 3]]],
  ["[]int64", [[], [1, 2 ** 53 - 1]]],
  ["[]uint", [[1]]],
  ["[]uint8", [new Uint8Array([0, 1, 255]), new Uint8Array()]],
  ["[]uint16", [[65_535]]],
  ["[]uint32", [[2 ** 32 - 1]]],
  ["[]uint64", [[1]]],
  ["[]float32", [[1.5]]],
  ["[]float64", [[], [1, 0.1]]],
  ["[]bigint", [[1n, 2n ** 62n]]],
  ["json", [null, { a: [1, { b: null }], "": "x" }, [], [1, "two", null], "text", 0.5]],
];

export const valueCases: readonly Case<WorkflowTest>[] = [
  {
    title: "every type goes there and back, at its edges",
    async run({ server, work, get }) {
      const tasks = Object.fromEntries(
        VALUES.map(([type]) => [
          `echo ${type}`,
          defineTask((value: unknown) => value, { params: [type], result: type }),
        ]),
      );
      server.register(tasks);
      const creators = server.remote<Record<string, (value: unknown) => unknown>>();
      work({ concurrency: 50 });
      for (const [type, values] of VALUES) {
        for (const value of values) {
          const sent = await server.send(creators[`echo ${type}`]?.(typed(type, value as never)) as never);
          expect(await get(sent), `${type} ${String(value)}`).toEqual(value);
        }
      }
    },
  },
  {
    title: "values without a stated type go there and back",
    async run({ server, tasks, work, get }) {
      work();
      const values = [
        1,
        -1,
        0.5,
        "x",
        true,
        false,
        [1, 2],
        ["a"],
        [],
        { a: 1 },
        [1, "x"],
        [[1], [2]],
        null,
        2n ** 60n,
      ];
      for (const value of [...values, new Uint8Array([1, 2, 3])]) {
        expect(await get(await server.send(tasks.echo(value)))).toEqual(value);
      }
      expect(await get(await server.send(tasks.echo(bytes(new Uint8Array([9])))))).toEqual(
        new Uint8Array([9]),
      );
    },
  },
  {
    title: "an integer beyond 2^53 reaches a parameter only as a bigint, and is rounded nowhere",
    async run({ server, work, get, failure, adapters, queue, eventually }) {
      const big = 9_007_199_254_740_993n;
      const { exact } = server.register({
        exact: defineTask((value: bigint) => value + 1n, { params: ["bigint"], result: "bigint" }),
        plain: (value: unknown) => `${typeof value} ${String(value)}`,
      });
      work();
      expect(await get(await server.send(exact(big)))).toBe(big + 1n);
      const go = (id: string, name: string): string =>
        `{"UUID":"${id}","Name":"${name}","Args":[{"Type":"int64","Value":${big}}]}`;
      const ids = { exact: `${queue}-exact`, plain: `${queue}-plain` };
      await adapters.broker.publish([
        { id: ids.exact, queue, body: go(ids.exact, "exact") },
        { id: ids.plain, queue, body: go(ids.plain, "plain") },
      ]);
      for (const id of Object.values(ids)) {
        await eventually(async () =>
          expect((await server.result(id).state())?.status).toMatch(/SUCCESS|FAILURE/),
        );
      }
      expect(await get(server.result(ids.exact))).toBe(big + 1n);
      expect((await failure(server.result(ids.plain))).message).toContain("bigint");
    },
  },
  {
    title: "what would be lost on the way is refused at send, with its place",
    async run({ tasks }) {
      const { echo } = tasks;
      expect(() => echo(NaN)).toThrow("echo() argument 1");
      expect(() => echo({ a: [{ when: new Date(0) }] })).toThrow(".a[0].when");
      expect(() => echo(2 ** 53)).toThrow("bigint");
      expect(() => echo(() => 1)).toThrow(/function/);
      expect(() => echo(Symbol("x"))).toThrow(/symbol/);
      const cycle: unknown[] = [];
      cycle.push(cycle);
      expect(() => echo(cycle)).toThrow(/cycle/);
    },
  },
];
