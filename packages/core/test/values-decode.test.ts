import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TypedValue } from "../src/backend.ts";
import { parseJson, stringifyJson } from "../src/json.ts";
import { Typed } from "../src/typed.ts";
import type { ValueType } from "../src/typed.ts";
import { decodeValue, encodeValue } from "../src/values.ts";
import { decodeCall } from "../src/wire.ts";
import { goFixture } from "./fixtures/read.ts";

const PLACE = { of: "add() argument", index: 1 };
const BIG = 185135722552891243n;

/** As it comes out of a message. */
function stored(type: string, json: string, as?: "bigint"): TypedValue {
  return { type, value: parseJson(json), as };
}

function refuses(value: TypedValue, message: string, declared?: ValueType): void {
  expect(() => decodeValue(value, PLACE, declared)).toThrow(
    expect.objectContaining({ code: "WFE_INVALID_VALUE", message: `add() argument 2${message}` }),
  );
}

describe("values that Go wrote", () => {
  it("have their JavaScript form, whatever their type (TestReflectValue, TestReflectTaskResults)", () => {
    const { args } = decodeCall(goFixture("values"));
    const decoded = args?.map((arg, index) => [
      arg.type,
      decodeValue(arg, { of: "x", index }, undefined, "bigint"),
    ]);
    expect(decoded).toEqual([
      ["bool", true],
      ["int", -1],
      ["int8", -128],
      ["int16", -32768],
      ["int32", -2147483648],
      ["int64", BIG],
      ["int64", -9223372036854775808n],
      ["uint", 1],
      ["uint8", 255],
      ["uint16", 65535],
      ["uint32", 4294967295],
      ["uint64", 9223372036854775808n],
      ["uint64", 18446744073709551615n],
      ["float32", Math.fround(0.1)],
      ["float64", 2],
      ["float64", 0.1],
      ["float64", 1e20],
      ["float64", 1e21],
      ["float64", 1e-7],
      ["float64", 2 ** 63],
      ["string", "foo"],
      ["[]bool", [true, false]],
      ["[]int", [1, 2]],
      ["[]int8", [1, 2]],
      ["[]int16", [1, 2]],
      ["[]int32", [1, 2]],
      ["[]int64", [1, BIG]],
      ["[]uint", [1, 2]],
      ["[]uint8", new Uint8Array([1, 2])],
      ["[]byte", new Uint8Array([1, 2])],
      ["[]uint16", [1, 2]],
      ["[]uint32", [1, 2]],
      ["[]uint64", [1, 9223372036854775808n]],
      ["[]float32", [0.5, Math.fround(1.28)]],
      ["[]float64", [0.5, 1.28]],
      ["[]string", ["foo", "bar"]],
      ["[]int64", []],
    ]);
  });
});

const INTEGERS = ["int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64"];
const SCALARS = ["bool", "string", "float32", "float64", ...INTEGERS];

describe("what a type accepts", () => {
  it.each(SCALARS)(
    "[]%s: null is an empty slice, and elements are of that type (TestReflectValue)",
    (type) => {
      expect([...(decodeValue(stored(`[]${type}`, "null"), PLACE) as readonly unknown[])]).toEqual([]);
      refuses(stored(`[]${type}`, "[null]"), `: [0] is null, not ${type}`);
      refuses(stored(`[]${type}`, "[{}]"), `: [0] is an object, not ${type}`);
    },
  );

  it.each(SCALARS)("%s: neither null nor containers", (type) => {
    refuses(stored(type, "null"), ` is null, not ${type}`);
    refuses(stored(type, "[1]"), ` is an array, not ${type}`);
    refuses(stored(type, "{}"), ` is an object, not ${type}`);
  });

  it.each([...SCALARS.map((type) => `[]${type}`), "[]byte"])(
    "%s: no malformed container, which kills Go's workers",
    (type) => {
      refuses(stored(type, "true"), ` is true, not ${type}`);
      refuses(stored(type, "{}"), ` is an object, not ${type}`);
      refuses(stored(type, '{"0":1,"length":1}'), ` is an object, not ${type}`);
      refuses(stored(type, "1"), ` is 1, not ${type}`);
    },
  );

  it.each([
    ["bool", '"true"', " is a string, not bool"],
    ["bool", "1", " is 1, not bool"],
    ["string", "1", " is 1, not string"],
    ["string", "true", " is true, not string"],
    ["float64", '"1"', " is a string, not float64"],
    ["float64", "1e400", " is Infinity, not float64"],
    ["float32", "1e39", " is 1e+39, not float32"],
    ["int64", '"1"', " is a string, not int64"],
    ["int64", "1.5", " is 1.5; int64 takes integers from -9223372036854775808 to 9223372036854775807"],
    [
      "int64",
      "9223372036854775808",
      " is 9223372036854775808; int64 takes integers from -9223372036854775808 to 9223372036854775807",
    ],
    ["int8", "300", " is 300; int8 takes integers from -128 to 127"],
    ["int8", "-129", " is -129; int8 takes integers from -128 to 127"],
    ["int16", "32768", " is 32768; int16 takes integers from -32768 to 32767"],
    ["int32", "2147483648", " is 2147483648; int32 takes integers from -2147483648 to 2147483647"],
    ["int32", `${BIG}`, ` is ${BIG}; int32 takes integers from -2147483648 to 2147483647`],
    ["uint8", "256", " is 256; uint8 takes integers from 0 to 255"],
    ["uint16", "65536", " is 65536; uint16 takes integers from 0 to 65535"],
    ["uint32", "4294967296", " is 4294967296; uint32 takes integers from 0 to 4294967295"],
    ["uint64", "-1", " is -1; uint64 takes integers from 0 to 18446744073709551615"],
    [
      "uint",
      "18446744073709551616",
      " is 18446744073709551616; uint takes integers from 0 to 18446744073709551615",
    ],
    ["[]int8", "[1,128]", ": [1] is 128; int8 takes integers from -128 to 127"],
    ["[]uint8", "[1,256]", ": [1] is 256; uint8 takes integers from 0 to 255"],
    ["[]byte", "[-1]", ": [0] is -1; uint8 takes integers from 0 to 255"],
    ["[]string", '["a",1]', ": [1] is 1, not string"],
    ["[]string", '"YWJj"', " is a string, not []string"],
    ["[]int8", '"YWJj"', " is a string, not []int8"],
  ])("%s refuses %s, instead of wrapping it", (type, json, message) => {
    refuses(stored(type, json), message);
  });

  it.each([
    ["[]uint8", new Uint8Array([97, 98, 99])],
    ["[]byte", new Uint8Array([97, 98, 99])],
    ["[]uint", [97, 98, 99]],
    ["[]uint16", [97, 98, 99]],
    ["[]uint32", [97, 98, 99]],
    ["[]uint64", [97, 98, 99]],
  ])("%s: base64 as well as numbers", (type, bytes) => {
    for (const json of ['"YWJj"', '"YW\\r\\nJj"', "[97,98,99]"]) {
      expect(decodeValue(stored(type, json), PLACE)).toStrictEqual(bytes);
    }
    expect(Array.from(decodeValue(stored(type, '""'), PLACE) as number[])).toEqual([]);
  });

  it.each(["YWJ", "YWJjY", "YW=j", "YWJj====", "YWJ-", "YW_j", "YW Jj", "=", "\u0000AAA"])(
    "no base64 as lenient readers take it: %j",
    (text) => {
      refuses({ type: "[]uint8", value: text }, " is a string, but not base64");
    },
  );

  it.each([
    "",
    "byte",
    "rune",
    "map[string]int",
    "[][]int",
    "time.Time",
    "*int",
    "bigint",
    "[]bigint",
    "INT64",
    "constructor",
  ])("no type named %j", (type) => {
    refuses(stored(type, "1"), ` has the type "${type}", which is not one of the supported types`);
    refuses(stored(type, "1"), ` has the type "${type}", which is not one of the supported types`, "json");
  });

  it("reads -0 as 0", () => {
    for (const type of ["int64", "float64", "json"]) expect(decodeValue(stored(type, "-0"), PLACE)).toBe(0);
  });
});

describe("integers beyond 2^53", () => {
  const one = stored("int64", `${BIG}`);
  const many = stored("[]int64", `[1,${BIG}]`);
  const data = stored("json", `{"a":[${BIG}]}`);

  it("are refused where nothing says bigint", () => {
    refuses(one, ` is ${BIG}; a number cannot hold that exactly, so declare it as bigint`);
    refuses(one, ` is ${BIG}; a number cannot hold that exactly, so declare it as bigint`, "int64");
    refuses(one, ` is ${BIG}; a number cannot hold that exactly, so declare it as bigint`, "uint64");
    refuses(many, `: [1] is ${BIG}; a number cannot hold that exactly, so declare it as []bigint`);
    refuses(many, `: [1] is ${BIG}; a number cannot hold that exactly, so declare it as []bigint`, "[]int64");
    refuses(
      data,
      ": .a[0] is a bigint inside of JSON; pass a string, or the bigint as an argument of its own",
    );
  });

  it("come as bigint where one is declared", () => {
    expect(decodeValue(one, PLACE, "bigint")).toBe(BIG);
    expect(decodeValue(stored("uint64", "18446744073709551615"), PLACE, "bigint")).toBe(2n ** 64n - 1n);
    expect(decodeValue(many, PLACE, "[]bigint")).toEqual([1n, BIG]);
    expect(decodeValue(stored("int8", "5"), PLACE, "bigint")).toBe(5n);
  });

  it("come as bigint where one was sent, unless a number is declared", () => {
    expect(decodeValue(stored("int64", "5", "bigint"), PLACE)).toBe(5n);
    expect(decodeValue(stored("int64", "5", "bigint"), PLACE, "json")).toBe(5n);
    expect(decodeValue(stored("int64", "5", "bigint"), PLACE, "int64")).toBe(5);
    expect(decodeValue(stored("[]int64", "[5]", "bigint"), PLACE)).toEqual([5n]);
    expect(decodeValue(stored("[]int64", "[5]", "bigint"), PLACE, "[]int64")).toEqual([5]);
  });

  it("come as bigint to those who take what comes", () => {
    expect(decodeValue(one, PLACE, undefined, "bigint")).toBe(BIG);
    expect(decodeValue(many, PLACE, undefined, "bigint")).toEqual([1, BIG]);
    expect(decodeValue(data, PLACE, undefined, "bigint")).toEqual({ a: [BIG] });
    expect(decodeValue(stored("int64", "5"), PLACE, undefined, "bigint")).toBe(5);
  });

  it("are nothing to types that do not hold integers, whatever the message says", () => {
    expect(decodeValue(stored("string", '"a"', "bigint"), PLACE)).toBe("a");
    expect(decodeValue(stored("float64", "2.5", "bigint"), PLACE)).toBe(2.5);
    expect(decodeValue(stored("json", '{"a":1}', "bigint"), PLACE)).toEqual({ a: 1 });
  });
});

describe("a declared type", () => {
  it.each<[sent: string, json: string, declared: ValueType, value: unknown]>([
    ["int64", "2", "float64", 2],
    ["int64", "2", "int8", 2],
    ["int64", "2", "json", 2],
    ["float64", "2", "int64", 2],
    ["json", "[]", "[]int64", []],
    ["json", "[1]", "[]float64", [1]],
    ["json", '"a"', "string", "a"],
    ["[]int64", "[1,2]", "[]float64", [1, 2]],
    ["[]int64", "[1,2]", "[]uint8", new Uint8Array([1, 2])],
    ["[]uint8", '"AQI="', "[]int64", [1, 2]],
    ["[]uint8", '"AQI="', "json", new Uint8Array([1, 2])],
    ["[]byte", '"AQI="', "[]byte", new Uint8Array([1, 2])],
    ["[]string", "null", "json", []],
  ])("%s %s is fine for %s #%#", (sent, json, declared, value) => {
    expect(decodeValue(stored(sent, json), PLACE, declared)).toStrictEqual(value);
  });

  it.each<[sent: string, json: string, declared: ValueType, message: string]>([
    ["int64", "300", "int8", " is 300; int8 takes integers from -128 to 127"],
    [
      "float64",
      "2.5",
      "int64",
      " is 2.5; int64 takes integers from -9223372036854775808 to 9223372036854775807",
    ],
    [
      "float64",
      "2.5",
      "bigint",
      " is 2.5; bigint takes integers from -9223372036854775808 to 18446744073709551615",
    ],
    ["int64", "1", "string", " is 1, not string"],
    ["string", '"1"', "int64", " is a string, not int64"],
    ["string", '"YWJj"', "[]uint8", " is a string, not []uint8"],
    ["[]int64", "[1,300]", "[]uint8", ": [1] is 300; uint8 takes integers from 0 to 255"],
    ["int64", "1", "[]int64", " is 1, not []int64"],
    ["json", "null", "string", " is null, not string"],
    ["int8", "300", "int64", " is 300; int8 takes integers from -128 to 127"],
  ])("%s %s is refused for %s", (sent, json, declared, message) => {
    refuses(stored(sent, json), message, declared);
  });
});

describe("what comes out", () => {
  it.each([
    ["json", { a: [{ b: 1 }] }],
    ["[]int64", [1]],
  ])("is a copy of %s", (type, value) => {
    const original = { type, value: structuredClone(value) };
    const decoded = decodeValue(original, PLACE);
    expect(decoded).toEqual(value);
    expect(decoded).not.toBe(original.value);
    if (type === "json") (decoded as { a: { b: number }[] }).a[0]!.b = 2;
    expect(original.value).toEqual(value);
  });

  it("keeps a key named __proto__ as data", () => {
    const decoded = decodeValue(stored("json", '{"__proto__":{"admin":true}}'), PLACE);
    expect(JSON.stringify(decoded)).toBe('{"__proto__":{"admin":true}}');
    expect((decoded as { admin?: boolean }).admin).toBeUndefined();
  });

  it("is an error of ours even for what no message should hold", () => {
    refuses(stored("json", "1e400"), " is Infinity; pass a string or null");
    expect(() => decodeValue(stored("json", "[".repeat(2000) + "]".repeat(2000)), PLACE)).toThrow(
      "is nested deeper than 500 levels",
    );
  });
});

const int = (low: bigint, high: bigint): fc.Arbitrary<number | bigint> =>
  fc.bigInt({ min: low, max: high }).map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n));
const finite = { noNaN: true, noDefaultInfinity: true };
const noMinusZero = (n: number): number => n + 0;
const VALUES: Record<string, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  string: fc.string({ unit: "binary" }),
  float32: fc.float(finite).map(noMinusZero),
  float64: fc.double(finite).map(noMinusZero),
  int: int(-(2n ** 63n), 2n ** 63n - 1n),
  int8: int(-128n, 127n),
  int16: int(-32768n, 32767n),
  int32: int(-(2n ** 31n), 2n ** 31n - 1n),
  int64: int(-(2n ** 63n), 2n ** 63n - 1n),
  uint: int(0n, 2n ** 64n - 1n),
  uint8: int(0n, 255n),
  uint16: int(0n, 65535n),
  uint32: int(0n, 2n ** 32n - 1n),
  uint64: int(0n, 2n ** 64n - 1n),
};
const data = fc
  .jsonValue({ noUnicodeString: false })
  .filter((value) => !/(?<![\d.])\d{16}/.test(JSON.stringify(value)))
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

function roundTrip(value: unknown): unknown {
  const { type, value: wire, as } = encodeValue(value, PLACE);
  return decodeValue({ type, value: parseJson(stringifyJson(wire)), as }, PLACE, undefined, "bigint");
}

/** A refusal stands for the value. */
function orRefused(value: unknown, run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if ((error as { code?: unknown }).code === "WFE_INVALID_VALUE") return value;
    throw error;
  }
}

describe("round trips through JSON", () => {
  it.each(Object.keys(VALUES))("bring every %s back, alone and in a slice", (type) => {
    const one = VALUES[type]!;
    fc.assert(
      fc.property(one, fc.array(one), (value, values) => {
        expect(roundTrip(new Typed(type as ValueType, value))).toBe(value);
        const list = roundTrip(new Typed(`[]${type}` as ValueType, values)) as Iterable<unknown>;
        const sent = values.some((item) => typeof item === "bigint")
          ? values.map((n) => BigInt(n as number))
          : values;
        expect([...list]).toEqual(sent);
      }),
    );
  });

  it("bring inferred values back", () => {
    const any = fc.oneof(
      data,
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(any, (value) => {
        expect(roundTrip(value)).toEqual(value);
      }),
    );
  });

  it("bring back or refuse, whatever it is", () => {
    const values = [
      fc.boolean(),
      fc.string(),
      fc.bigInt(),
      fc.maxSafeInteger(),
      fc.double().map(noMinusZero),
      fc.constant(null),
      fc.constant(undefined),
      fc.date(),
    ];
    fc.assert(
      fc.property(fc.anything({ values, withMap: true, withSet: true, withTypedArray: true }), (value) => {
        expect(orRefused(value, () => roundTrip(value))).toEqual(value);
      }),
      { numRuns: 1000 },
    );
  });

  it("decode anything, or refuse it", () => {
    const type = fc.oneof(fc.constantFrom(...SCALARS, ...SCALARS.map((t) => `[]${t}`), "json"), fc.string());
    fc.assert(
      fc.property(type, fc.json(), (type, text) => {
        const value = parseJson(text);
        expect(() => orRefused(value, () => decodeValue({ type, value }, PLACE))).not.toThrow();
      }),
    );
  });
});
