import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { parseJson, stringifyJson } from "../src/json.ts";

const BIG = "185135722552891243";

describe("parseJson", () => {
  it.each([
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740992", -9007199254740992n],
    [BIG, 185135722552891243n],
    [` ${BIG} `, 185135722552891243n],
    ["18446744073709551615", 18446744073709551615n],
    ["-9223372036854775808", -9223372036854775808n],
    [`[1,-${BIG}]`, [1, -185135722552891243n]],
    [`{"a":{"b":[${BIG},\n${BIG}]}}`, { a: { b: [185135722552891243n, 185135722552891243n] } }],
  ])("reads %s without loss", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each(["1234567890123456.5", "1234567890123456e3", "0.1234567890123456789", "1e-1234567890123456"])(
    "leaves %s a number, as it is no integer literal",
    (text) => {
      expect(parseJson(`[${text}]`)).toEqual([Number(text)]);
    },
  );

  it("keeps strings and keys that look like long integers, next to real ones", () => {
    const value = {
      [BIG]: BIG,
      "a:1234567890123456": `, ${BIG}`,
      quote: `"${BIG}`,
      slash: `\\"${BIG}\\`,
      colon: ":",
      empty: "",
      n: "n",
      s: "s",
      [`":${BIG}`]: [`": ${BIG}`, "", `[${BIG}`],
    };
    const text = JSON.stringify({ ...value, real: 0 }).replace('"real":0', `"real" : ${BIG}`);
    expect(parseJson(text)).toEqual({ ...value, real: 185135722552891243n });
  });

  it("keeps a key named __proto__", () => {
    const value = parseJson(`{"__proto__":{"a":${BIG}},"b":"c"}`) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(value, "__proto__")?.value).toEqual({ a: 185135722552891243n });
  });

  it("takes integers at any depth", () => {
    const depth = 20_000;
    let value = parseJson(`${"[".repeat(depth)}${BIG}${"]".repeat(depth)}`);
    for (let i = 0; i < depth; i++) value = (value as readonly unknown[])[0];
    expect(value).toBe(185135722552891243n);
  });

  it.each([
    "",
    " ",
    "{",
    "{'a':1}",
    "undefined",
    "NaN",
    "1 2",
    `${BIG} ${BIG}`,
    `{${BIG}:1}`,
    `0${BIG}`,
    `[${BIG},]`,
    "\u0000",
    "\uFEFF1",
    "{} trailing bytes, which Go ignores",
  ])("refuses %j as malformed", (text) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: "WFE_MALFORMED" }));
  });
});

describe("stringifyJson", () => {
  it.each([
    ["<", '"\\u003c"'],
    [">", '"\\u003e"'],
    ["&", '"\\u0026"'],
    ["\u2028", '"\\u2028"'],
    ["\u2029", '"\\u2029"'],
    ["'", '"\'"'],
    ['"', '"\\""'],
    ["\\", '"\\\\"'],
    ["/", '"/"'],
    ["\u0000", '"\\u0000"'],
    ["\n\r\t", '"\\n\\r\\t"'],
    ["\u007f", '"\u007f"'],
    ["é", '"é"'],
    ["😀", '"😀"'],
  ])("writes %j as Go does", (value, text) => {
    expect(stringifyJson(value)).toBe(text);
    expect(stringifyJson({ [value]: [value.repeat(100)] })).toBe(
      `{${text}:["${text.slice(1, -1).repeat(100)}"]}`,
    );
  });

  it("keeps lone surrogates, escaped, although Go reads U+FFFD for them", () => {
    expect(stringifyJson("\ud800x")).toBe('"\\ud800x"');
    expect(parseJson(stringifyJson("\udc00"))).toBe("\udc00");
  });

  it("writes bigints as bare digits, wherever they stand", () => {
    expect(stringifyJson(185135722552891243n)).toBe(BIG);
    expect(stringifyJson({ a: [18446744073709551615n, 1, -1n], b: "<" })).toBe(
      '{"a":[18446744073709551615,1,-1],"b":"\\u003c"}',
    );
  });

  it("writes -0 as 0", () => {
    expect(stringifyJson(-0)).toBe("0");
    expect(stringifyJson([-0])).toBe("[0]");
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  it.each([undefined, () => 1, Symbol("s"), cycle])("refuses what is not JSON at all (#%#)", (value) => {
    expect(() => stringifyJson(value)).toThrow(expect.objectContaining({ code: "WFE_INVALID_VALUE" }));
  });

  describe("in a program that gave bigints a toJSON", () => {
    const prototype = BigInt.prototype as { toJSON?: () => string };
    afterEach(() => {
      delete prototype.toJSON;
    });

    it("still writes digits, no string", () => {
      prototype.toJSON = () => "a string";
      expect(stringifyJson({ a: 185135722552891243n })).toBe(`{"a":${BIG}}`);
    });
  });
});

const bigints = fc
  .bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
  .filter((n) => !Number.isSafeInteger(Number(n)));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.string({ unit: "binary" }),
    fc.maxSafeInteger(),
    bigints,
    bigints.map(String),
    fc.array(tie("tree")),
    fc.dictionary(fc.oneof(fc.string({ unit: "binary" }), bigints.map(String)), tie("tree")),
  ),
}));

describe("both together", () => {
  it("bring every value back", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseJson(stringifyJson(value))).toEqual(value);
      }),
    );
  });

  it("read and write what JSON does where that is lossless", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(stringifyJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });
});
