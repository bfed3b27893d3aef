import { describe, expect, expectTypeOf, it } from "vitest";
import { createContext, runInContext } from "node:vm";
import { Typed, float32, int32, int64, int8, json, typed, uint64, uint8 } from "../src/typed.ts";
import type { ValueType } from "../src/typed.ts";
import * as types from "../src/typed.ts";
import { encodeValue } from "../src/values.ts";

const PLACE = { of: "add() argument", index: 1 };

function refuses(value: unknown, message: string, declared?: ValueType): void {
  expect(() => encodeValue(value, PLACE, declared)).toThrow(
    expect.objectContaining({ code: "WFE_INVALID_VALUE", message: `add() argument 2${message}` }),
  );
}

describe("inference", () => {
  it.each<[value: unknown, type: string, wire?: unknown]>([
    [0, "int64"],
    [-0, "int64", 0],
    [2 ** 53 - 1, "int64"],
    [1 - 2 ** 53, "int64"],
    [0.5, "float64"],
    [Number.MIN_VALUE, "float64"],
    [1e21, "float64"],
    [-Number.MAX_VALUE, "float64"],
    ["", "string"],
    ["\ud800", "string"],
    [false, "bool"],
    [null, "json"],
    [[], "json"],
    [{}, "json"],
    [[1, -0], "[]int64", [1, 0]],
    [[1, 2.5], "[]float64"],
    [[1, 1e21], "[]float64"],
    [[2 ** 60, 0.5], "[]float64"],
    [["a", ""], "[]string"],
    [[true], "[]bool"],
    [[1, "a"], "json"],
    [[1, null], "json"],
    [[[1], [2]], "json"],
    [new Uint8Array([97, 98, 99]), "[]uint8", "YWJj"],
    [new Uint8Array([0, 251, 255]).subarray(1), "[]uint8", "+/8="],
    [new Uint8Array(0), "[]uint8", ""],
    [Buffer.from("abc"), "[]uint8", "YWJj"],
  ])("takes %j for %s", (value, type, wire = value) => {
    expect(encodeValue(value, PLACE)).toStrictEqual({ type, value: wire });
  });

  it.each<[value: unknown, type: string, wire: unknown]>([
    [5n, "int64", 5],
    [2n ** 53n, "int64", 2n ** 53n],
    [2n ** 63n - 1n, "int64", 2n ** 63n - 1n],
    [-(2n ** 63n), "int64", -(2n ** 63n)],
    [2n ** 63n, "uint64", 2n ** 63n],
    [2n ** 64n - 1n, "uint64", 2n ** 64n - 1n],
    [[1n, -(2n ** 60n)], "[]int64", [1, -(2n ** 60n)]],
    [[1n, 2n ** 63n], "[]uint64", [1, 2n ** 63n]],
  ])("remembers that %s was a bigint", (value, type, wire) => {
    expect(encodeValue(value, PLACE)).toStrictEqual({ type, value: wire, as: "bigint" });
  });

  it("takes data without a class for json, whatever realm made it", () => {
    const foreign: unknown = runInContext("({ a: [1, { b: 'c' }] })", createContext());
    expect(encodeValue(foreign, PLACE)).toEqual({ type: "json", value: { a: [1, { b: "c" }] } });
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    expect(encodeValue(bare, PLACE)).toEqual({ type: "json", value: { a: 1 } });
  });

  it("copies: what the caller changes later is not sent", () => {
    const data = { list: [{ n: 1 }] };
    const numbers = [1, 2];
    const bytes = new Uint8Array([97]);
    const encoded = [data, numbers, bytes].map((value) => encodeValue(value, PLACE));
    data.list[0]!.n = 2;
    numbers[0] = 9;
    bytes[0] = 98;
    expect(encoded.map(({ value }) => value)).toEqual([{ list: [{ n: 1 }] }, [1, 2], "YQ=="]);
  });

  it("keeps a key named __proto__ as data", () => {
    const { value } = encodeValue(JSON.parse('{"__proto__":{"admin":true}}'), PLACE);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"admin":true}}');
    expect((value as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe("what would be lost is refused with its path and a remedy", () => {
  class Point {
    x = 1;
  }
  const loop: { a: { b?: unknown }[] } = { a: [{}] };
  loop.a[0]!.b = loop.a;
  const sparse: string[] = [];
  sparse[1] = "b";
  const UNSAFE = "an integer beyond what a number holds exactly";

  it.each<[what: string, value: unknown, message: string]>([
    ["NaN", NaN, " is NaN, not float64"],
    ["Infinity", Infinity, " is Infinity, not float64"],
    ["NaN in a slice", [1, NaN], ": [1] is NaN, not float64"],
    ["NaN in json", { a: [NaN] }, ": .a[0] is NaN; pass a string or null"],
    ["-Infinity in json", { a: -Infinity }, ": .a is -Infinity; pass a string or null"],
    ["undefined", undefined, " is undefined; leave it out or pass null"],
    ["undefined in an object", { a: undefined }, ": .a is undefined; leave it out or pass null"],
    ["undefined in an array", [1, undefined], ": [1] is undefined; leave it out or pass null"],
    ["a hole", sparse.toReversed().concat(sparse), ": [1] is undefined; leave it out or pass null"],
    ["a hole at the start", sparse, ": [0] is undefined; leave it out or pass null"],
    ["a Date", { items: [0, { when: new Date(0) }] }, ": .items[1].when is a Date; pass toISOString()"],
    ["a Date as such", new Date(0), " is a Date; pass toISOString()"],
    ["a Map", { a: new Map() }, ": .a is a Map; pass Object.fromEntries(it)"],
    ["a Set", [new Set()], ": [0] is a Set; pass [...it]"],
    ["a Promise", Promise.resolve(1), " is a Promise; await it"],
    ["an Error", { e: new Error("no") }, ": .e is an Error; pass its message"],
    ["an ArrayBuffer", new ArrayBuffer(1), " is an ArrayBuffer; pass new Uint8Array(it)"],
    ["bytes in json", { a: new Uint8Array(1) }, ": .a is a Uint8Array; pass it as an argument of its own"],
    ["other typed arrays", new Float64Array(1), " is a Float64Array; pass plain data"],
    ["a class", { "odd key": new Point() }, ': ["odd key"] is a Point; pass plain data'],
    ["a boxed number", { a: Object(1) as unknown }, ": .a is a Number; pass plain data"],
    ["a function", () => 1, " is a function; pass plain data"],
    ["a method", { toJSON: () => 1 }, ": .toJSON is a function; pass plain data"],
    ["a symbol", { a: Symbol("s") }, ": .a is a symbol; pass plain data"],
    [
      "a bigint in json",
      { a: 1n },
      ": .a is a bigint inside of JSON; pass a string, or the bigint as an argument of its own",
    ],
    [
      "numbers and bigints together",
      [1, 2n],
      ": [1] is a bigint inside of JSON; pass a string, or the bigint as an argument of its own",
    ],
    ["a rounded integer", 2 ** 53, ` is 9007199254740992, ${UNSAFE}; pass a bigint, or float64(it)`],
    ["a rounded negative one", -1e20, ` is -100000000000000000000, ${UNSAFE}; pass a bigint, or float64(it)`],
    [
      "a rounded integer in a slice",
      [1, 2 ** 53],
      `: [1] is 9007199254740992, ${UNSAFE}; pass a bigint, or float64(it)`,
    ],
    [
      "a rounded integer in json",
      { a: 2 ** 53 },
      `: .a is 9007199254740992, ${UNSAFE}; pass a string or null`,
    ],
    [
      "a bigint of more than 64 bits",
      2n ** 64n,
      " is 18446744073709551616; bigint takes integers from -9223372036854775808 to 18446744073709551615",
    ],
    [
      "a bigint below int64",
      -(2n ** 63n) - 1n,
      " is -9223372036854775809; bigint takes integers from -9223372036854775808 to 18446744073709551615",
    ],
    [
      "bigints that share no type",
      [-1n, 2n ** 63n],
      ": [0] is -1; uint64 takes integers from 0 to 18446744073709551615",
    ],
    ["a cycle", { loop }, ": .loop.a[0].b is the object that it stands in (a cycle); pass a copy without it"],
  ])("%s", (_, value, message) => {
    refuses(value, message);
  });

  it("takes an object that stands in two places: no cycle", () => {
    const shared = { a: 1 };
    expect(encodeValue({ x: shared, y: [shared] }, PLACE).value).toEqual({ x: { a: 1 }, y: [{ a: 1 }] });
  });

  it("takes 500 levels and no more", () => {
    const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
    expect(encodeValue(nested(500), PLACE)).toEqual({ type: "json", value: nested(500) });
    refuses(nested(501), `: ${"[0]".repeat(500)} is nested deeper than 500 levels; pass flatter data`);
    expect(() => encodeValue(nested(100_000), PLACE)).toThrow("nested deeper than 500 levels");
  });
});

describe("stated and declared types", () => {
  it.each<[type: ValueType, values: readonly unknown[], refused: readonly unknown[]]>([
    ["bool", [true, false], [1, "true", null]],
    ["string", ["", "a"], [1, null, new String("a")]],
    ["int", [1 - 2 ** 53, 2 ** 53 - 1], [0.5, 2 ** 53, "1", null, true]],
    ["int8", [-128, 127], [-129, 128, 300, 0.5, NaN, "1"]],
    ["int16", [-32768, 32767], [-32769, 32768]],
    ["int32", [-(2 ** 31), 2 ** 31 - 1], [-(2 ** 31) - 1, 2 ** 31]],
    ["int64", [1 - 2 ** 53, 2 ** 53 - 1], [0.5, 2 ** 53, Infinity, "1"]],
    ["uint", [0, 2 ** 53 - 1], [-1, 0.5, 2 ** 53]],
    ["uint8", [0, 255], [-1, 256, 1.5]],
    ["uint16", [0, 65535], [-1, 65536]],
    ["uint32", [0, 2 ** 32 - 1], [-1, 2 ** 32]],
    ["uint64", [0, 2 ** 53 - 1], [-1, 2 ** 53]],
    ["float32", [0, 0.5, -(2 ** 100)], [NaN, Infinity, 1e39, "1", 1n]],
    ["float64", [0, 2, 0.1, 1e300, 2 ** 60], [NaN, -Infinity, "1", null, 1n]],
    ["[]bool", [[], [true]], [[1], null, true]],
    ["[]string", [[], ["a"]], [["a", null], "a"]],
    ["[]int8", [[], [-128]], [[128], [1, null], {}, 1]],
    ["[]int64", [[], [1]], [[0.5], Object.assign([], { length: 1 }), [2 ** 53]]],
    ["[]uint16", [[], [65535]], [[-1]]],
    ["[]float32", [[], [0.5]], [[NaN], [1n]]],
    ["[]float64", [[], [1, 2.5]], [["1"], [1n]]],
    ["json", [1, "a", [], { a: [1] }, null], [undefined, NaN, new Date(0)]],
  ])("%s", (type, values, refused) => {
    for (const value of values) {
      expect(encodeValue(value, PLACE, type)).toStrictEqual({ type, value });
      expect(encodeValue(new Typed(type, value), PLACE)).toStrictEqual({ type, value });
    }
    for (const value of refused) {
      expect(() => encodeValue(value, PLACE, type)).toThrow(
        expect.objectContaining({ code: "WFE_INVALID_VALUE" }),
      );
    }
  });

  it.each<[ValueType, bigint, bigint]>([
    ["int", -(2n ** 63n), 2n ** 63n - 1n],
    ["int64", -(2n ** 63n), 2n ** 63n - 1n],
    ["uint", 0n, 2n ** 64n - 1n],
    ["uint64", 0n, 2n ** 64n - 1n],
    ["int8", -128n, 127n],
  ])("%s takes bigints from %d to %d", (type, low, high) => {
    for (const value of [low, high]) {
      const { as, ...encoded } = encodeValue(value, PLACE, type);
      expect([encoded.type, String(encoded.value), as]).toEqual([type, String(value), "bigint"]);
    }
    refuses(low - 1n, ` is ${low - 1n}; ${type} takes integers from ${low} to ${high}`, type);
    refuses(high + 1n, ` is ${high + 1n}; ${type} takes integers from ${low} to ${high}`, type);
  });

  it("declared as bigint, a number is one too", () => {
    expect(encodeValue(5, PLACE, "bigint")).toStrictEqual({ type: "int64", value: 5, as: "bigint" });
    expect(encodeValue([], PLACE, "[]bigint")).toStrictEqual({ type: "[]int64", value: [], as: "bigint" });
  });

  it("bytes may be given as numbers, too", () => {
    for (const type of ["[]uint8", "[]byte"] as const) {
      expect(encodeValue([97, 98, 99], PLACE, type)).toStrictEqual({ type: "[]uint8", value: "YWJj" });
      refuses([97, 256], ": [1] is 256; uint8 takes integers from 0 to 255", type);
      refuses("YWJj", ` is a string, not ${type}`, type);
    }
  });

  it("float32 rounds", () => {
    expect(encodeValue(float32(0.1), PLACE)).toStrictEqual({ type: "float32", value: Math.fround(0.1) });
  });

  it("what is stated wins over what is declared", () => {
    expect(encodeValue(int8(5), PLACE, "float64")).toStrictEqual({ type: "int8", value: 5 });
  });

  it("json keeps a list one value", () => {
    expect(encodeValue(json([1, 2]), PLACE)).toStrictEqual({ type: "json", value: [1, 2] });
  });

  it("takes no data for a stated type just because it looks like one", () => {
    expect(encodeValue({ type: "int8", value: 5 }, PLACE).type).toBe("json");
  });

  it("names a type that is none", () => {
    refuses(1, ' has the type "int128", which is not one of the supported types', "int128" as ValueType);
  });

  it("has a function for each type", () => {
    const makers = Object.entries(types).filter(([name]) => !["Typed", "typed"].includes(name));
    const named = makers.map(([name, make]) => [name, (make as typeof json)(1).type]);
    expect(Object.fromEntries(named)).toEqual({
      ...Object.fromEntries(
        ["int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64"].map((t) => [
          t,
          t,
        ]),
      ),
      float32: "float32",
      float64: "float64",
      bytes: "[]uint8",
      json: "json",
    });
  });

  it("carries the JavaScript type of its value, and is nothing that a program writes by hand", () => {
    expectTypeOf(int32(5)).toEqualTypeOf<Typed<number>>();
    expectTypeOf(int64(5n)).toEqualTypeOf<Typed<bigint>>();
    expectTypeOf(uint64(5)).toEqualTypeOf<Typed<number>>();
    expectTypeOf(typed("[]int32", [1])).toEqualTypeOf<Typed<readonly number[]>>();
    expectTypeOf(typed("bigint", 1n)).toEqualTypeOf<Typed<bigint>>();
    expectTypeOf<{ type: "int8"; value: number }>().not.toExtend<Typed<number>>();
    // @ts-expect-error a string is no uint8
    refuses(uint8("5"), " is a string, not uint8");
  });
});
