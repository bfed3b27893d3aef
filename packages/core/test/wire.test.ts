import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Call } from "../src/call.ts";
import { decodeCall, encodeCall } from "../src/wire.ts";
import { goFixture } from "./fixtures/read.ts";

/** What Go's zero Signature means. */
const ZERO: Call = {
  id: "",
  name: "",
  queue: "",
  eta: null,
  groupId: "",
  groupSize: 0,
  args: null,
  headers: null,
  priority: 0,
  immutable: false,
  retryCount: 0,
  retryTimeoutS: 0,
  onSuccess: null,
  onError: null,
  chordCallback: null,
  orderingKey: "",
  receiptHandle: "",
  keepOnError: false,
  ignoreWhenNotRegistered: false,
};

const int64 = (value: number): NonNullable<Call["args"]>[number] => ({ name: "", type: "int64", value });

describe("messages that Go wrote", () => {
  it.each(["task", "chain", "chord-member", "report", "everything", "values"])(
    "%s: the same bytes when written again",
    (name) => {
      expect(encodeCall(decodeCall(goFixture(name)))).toBe(goFixture(name));
    },
  );

  it("a task", () => {
    expect(decodeCall(goFixture("task"))).toStrictEqual({
      ...ZERO,
      id: "task_1f0c7a4e-6c0e-4a57-9b8e-0d4a8d9f3a01",
      name: "add",
      queue: "machinery_tasks",
      args: [int64(1), int64(1)],
      headers: {},
    });
  });

  it("a chain: each link stands in the one before it (TestNewChain)", () => {
    const multiply = { ...ZERO, id: "task_C", name: "multiply", args: [int64(4)] };
    const second = { ...ZERO, id: "task_B", name: "add", args: [int64(5), int64(6)], onSuccess: [multiply] };
    expect(decodeCall(goFixture("chain"))).toStrictEqual({
      ...ZERO,
      id: "task_A",
      name: "add",
      queue: "machinery_tasks",
      args: [int64(2), int64(2)],
      headers: {},
      onSuccess: [second],
    });
  });

  it("a member of a group with a callback", () => {
    expect(decodeCall(goFixture("chord-member"))).toStrictEqual({
      ...ZERO,
      id: "task_A",
      name: "add",
      queue: "machinery_tasks",
      groupId: "group_9d0e",
      groupSize: 3,
      args: [int64(1), int64(1)],
      headers: {},
      chordCallback: { ...ZERO, id: "chord_77aa", name: "multiply", headers: {} },
    });
  });

  it("a report with ETA, headers, named and nil arguments, priority and retries", () => {
    expect(decodeCall(goFixture("report"))).toStrictEqual({
      ...ZERO,
      id: "task_A",
      name: "report",
      queue: "machinery_tasks",
      eta: "2026-03-04T05:06:07.123456789Z",
      args: [
        { name: "since", type: "string", value: "2026-01-01" },
        { name: "", type: "[]uint8", value: "YWJj" },
        { name: "", type: "[]string", value: null },
      ],
      headers: { tenant: "acme", "uber-trace-id": "5f1:2a3:0:1" },
      priority: 5,
      retryCount: 3,
    });
  });

  it("everything else: escapes, offsets, flags, lists that are empty instead of null", () => {
    expect(decodeCall(goFixture("everything"))).toStrictEqual({
      ...ZERO,
      id: "task_E",
      name: "errors",
      queue: "q",
      eta: "2026-03-04T05:06:07.12+05:30",
      args: [
        {
          name: "",
          type: "string",
          value: '<a href="x">&\u2028\u2029</a>\n\t\\ \u0000 \u007f é 😀',
        },
        { name: "", type: "[]byte", value: "+/8A" },
        { name: "", type: "", value: null },
      ],
      headers: { n: 1, big: 18446744073709551615n, nested: { z: [null, true, 1.5], "<": "&" } },
      priority: 255,
      immutable: true,
      retryTimeoutS: 8,
      onSuccess: [],
      onError: [
        { ...ZERO, id: "task_F", name: "log" },
        { ...ZERO, id: "task_G", name: "mail", queue: "mail" },
      ],
      orderingKey: "fifo",
      receiptHandle: "AQEB==",
      keepOnError: true,
      ignoreWhenNotRegistered: true,
    });
  });
});

describe("decodeCall, as lenient as Go", () => {
  it.each([
    ["a minimal message", '{"UUID":"i","Name":"n","Args":[{"Type":"int64","Value":1}]}'],
    ["keys in any case", '{"uuid":"i","NAME":"n","aRgS":[{"type":"int64","VALUE":1,"nAME":""}]}'],
    [
      "unknown keys",
      '{"UUID":"i","Name":"n","Version":2,"x":{"Name":1},"Args":[{"Type":"int64","Value":1,"Unit":"s"}]}',
    ],
    [
      "null everywhere",
      '{"UUID":"i","Name":"n","RoutingKey":null,"ETA":null,"GroupUUID":null,"GroupTaskCount":null,' +
        '"Args":[{"Name":null,"Type":"int64","Value":1,"As":null}],"Headers":null,"Priority":null,' +
        '"Immutable":null,"RetryCount":null,"RetryTimeout":null,"OnSuccess":null,"OnError":null,' +
        '"ChordCallback":null,"BrokerMessageGroupId":null,"SQSReceiptHandle":null,' +
        '"StopTaskDeletionOnError":null,"IgnoreWhenTaskNotRegistered":null}',
    ],
    [
      "a key twice: the last one wins",
      '{"UUID":"x","Name":"x","Args":[{"Type":"int64","Value":1}],"name":"n","uuid":"i"}',
    ],
    [
      "a null after a value changes nothing",
      '{"UUID":"i","Name":"n","name":null,"Args":[{"Type":"int64","Value":1}]}',
    ],
    ["white space", '\n{ "UUID" : "i",\t"Name":"n","Args":[ {"Type":"int64","Value":1} ] }\r\n'],
    ["other orders", '{"Args":[{"Value":1,"Type":"int64"}],"Name":"n","UUID":"i"}'],
    [
      "unknown meanings of our own key",
      '{"UUID":"i","Name":"n","Args":[{"Type":"int64","Value":1,"As":"date"}]}',
    ],
  ])("%s", (_, body) => {
    expect(decodeCall(body)).toStrictEqual({ ...ZERO, id: "i", name: "n", args: [int64(1)] });
  });

  it("takes an empty object for the zero call: what it lacks is for the worker to say", () => {
    expect(decodeCall("{}")).toStrictEqual(ZERO);
  });

  it("takes a null argument for the zero value", () => {
    expect(decodeCall('{"Args":[null]}').args).toStrictEqual([{ name: "", type: "", value: null }]);
  });

  it("takes keys in any case in calls inside of calls, too", () => {
    const body = '{"onsuccess":[{"uuid":"a"}],"onERROR":[{"uuid":"b","Chordcallback":{"uuid":"c"}}]}';
    const { onSuccess, onError } = decodeCall(body);
    expect(onSuccess).toStrictEqual([{ ...ZERO, id: "a" }]);
    expect(onError).toStrictEqual([{ ...ZERO, id: "b", chordCallback: { ...ZERO, id: "c" } }]);
  });

  it.each([
    "2026-03-04T05:06:07Z",
    "2026-03-04T05:06:07.1234567890123+14:00",
    "2026-03-04T23:59:59-00:30",
    "0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2024-02-29T00:00:00Z",
  ])("keeps the text of the ETA %s", (eta) => {
    expect(decodeCall(JSON.stringify({ ETA: eta })).eta).toBe(eta);
  });

  it.each(["\u2028", "😀", "\ud800", "\u0000", "</script>", "\\", '"', "a".repeat(1000)])(
    "brings %j back in every text",
    (text) => {
      const call: Call = {
        ...ZERO,
        id: text,
        name: text,
        queue: text,
        groupId: text,
        args: [{ name: text, type: text, value: text }],
        headers: { [text]: text },
        orderingKey: text,
        receiptHandle: text,
      };
      expect(decodeCall(encodeCall(call))).toStrictEqual(call);
    },
  );
});

describe("our own key in an argument", () => {
  it("says after the value, and only then, that it was a bigint", () => {
    const call: Call = { ...ZERO, args: [{ ...int64(5), as: "bigint" }, int64(6)] };
    expect(encodeCall(call)).toContain(
      '"Args":[{"Name":"","Type":"int64","Value":5,"As":"bigint"},{"Name":"","Type":"int64","Value":6}]',
    );
    expect(decodeCall(encodeCall(call))).toStrictEqual(call);
  });
});

describe("what no message may hold", () => {
  it.each<[what: string, value: unknown, code: string]>([
    ["a function", () => 1, "WFE_INVALID_VALUE"],
    ["undefined", undefined, "WFE_INVALID_VALUE"],
  ])("%s as the value of an argument", (_, value, code) => {
    expect(() => encodeCall({ ...ZERO, args: [{ name: "", type: "json", value }] })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("a header that is a cycle", () => {
    const headers: Record<string, unknown> = {};
    headers.self = headers;
    expect(() => encodeCall({ ...ZERO, headers })).toThrow(
      expect.objectContaining({ code: "WFE_INVALID_VALUE" }),
    );
  });

  it("more text than a string can hold", () => {
    const chordCallback = { ...ZERO, name: "x".repeat(2 ** 24) };
    const onSuccess = Array.from({ length: 40 }, () => ({ ...ZERO, chordCallback }));
    expect(() => encodeCall({ ...ZERO, onSuccess })).toThrow(
      expect.objectContaining({ code: "WFE_TOO_LARGE" }),
    );
  });
});

describe("depth and width", () => {
  const DEPTH = 10_000;

  function nest(wrap: (inner: Call) => Partial<Call>, value: number | bigint): Call {
    let call: Call = { ...ZERO, args: [{ name: "", type: "int64", value }] };
    for (let i = 0; i < DEPTH; i++) call = { ...ZERO, id: `${i}`, ...wrap(call) };
    return call;
  }

  it.each<
    [what: string, wrap: (inner: Call) => Partial<Call>, next: (call: Call) => Call | null | undefined]
  >([
    ["a chain", (inner) => ({ onSuccess: [inner] }), (call) => call.onSuccess?.[0]],
    ["errors of errors", (inner) => ({ onError: [inner] }), (call) => call.onError?.[0]],
    ["chords of chords", (inner) => ({ chordCallback: inner }), (call) => call.chordCallback],
  ])("%s of 10,000 links, an integer beyond 2^53 at its end", (_, wrap, next) => {
    const body = encodeCall(nest(wrap, 185135722552891243n));
    const decoded = decodeCall(body);
    let last = decoded;
    for (let i = DEPTH - 1; i >= 0; i--) {
      expect(last.id).toBe(`${i}`);
      last = next(last)!;
    }
    expect(last.args?.[0]?.value).toBe(185135722552891243n);
    expect(encodeCall(decoded)).toBe(body);
  });

  it("130,000 callbacks of one task, in order", () => {
    const onSuccess = Array.from({ length: 130_000 }, (_, i) => ({ ...ZERO, id: `${i}` }));
    const { onSuccess: decoded } = decodeCall(encodeCall({ ...ZERO, onSuccess }));
    expect(decoded?.map(({ id }) => id)).toEqual(onSuccess.map(({ id }) => id));
  });
});

const text = fc.string({ unit: "binary" });
const count = fc.maxSafeInteger();
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const noLongNumbers = (value: unknown): boolean => !/(?<![\d.])\d{16}/.test(JSON.stringify(value));
const argument = fc.record(
  {
    name: text,
    type: text,
    value: fc.oneof(json.filter(noLongNumbers), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n })),
    as: fc.constant("bigint" as const),
  },
  { requiredKeys: ["name", "type", "value"], noNullPrototype: true },
);
const eta = fc
  .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true })
  .map((date) => date.toISOString());
const orNull = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null });
const DEPTH_OF_CALLS = { maxDepth: 2, depthIdentifier: "call" };
const calls = (call: fc.Arbitrary<Call>): fc.Arbitrary<readonly Call[] | null> =>
  fc.oneof(DEPTH_OF_CALLS, fc.constant(null), fc.constant([]), fc.tuple(call), fc.tuple(call, call));
const { call } = fc.letrec<{ call: Call }>((tie) => ({
  call: fc.record(
    {
      id: text,
      name: text,
      queue: text,
      eta: orNull(eta),
      groupId: text,
      groupSize: count,
      args: orNull(fc.array(argument)),
      headers: orNull(fc.dictionary(text, json.filter(noLongNumbers), { noNullPrototype: true })),
      priority: fc.nat({ max: 255 }),
      immutable: fc.boolean(),
      retryCount: count,
      retryTimeoutS: count,
      onSuccess: calls(tie("call")),
      onError: calls(tie("call")),
      chordCallback: fc.option(tie("call"), { nil: null, ...DEPTH_OF_CALLS }),
      orderingKey: text,
      receiptHandle: text,
      keepOnError: fc.boolean(),
      ignoreWhenNotRegistered: fc.boolean(),
    },
    { noNullPrototype: true },
  ),
}));

describe("round trips", () => {
  it("bring every call back", () => {
    fc.assert(
      fc.property(call, (call) => {
        expect(decodeCall(encodeCall(call))).toStrictEqual(call);
      }),
    );
  });

  it("write JSON whose keys are Go's, in Go's order", () => {
    const keys = Object.keys(JSON.parse(goFixture("task")) as object);
    fc.assert(
      fc.property(call, (call) => {
        expect(Object.keys(JSON.parse(encodeCall(call)) as object)).toEqual(keys);
      }),
    );
  });
});
