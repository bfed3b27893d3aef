import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCall } from "../src/wire.ts";

function refuses(body: string, message: unknown): void {
  expect(() => decodeCall(body)).toThrow(
    expect.objectContaining({ code: "WFE_MALFORMED", retryable: false, message }),
  );
}

const NOT_JSON: unknown = expect.stringMatching(/^not JSON: ./);

describe("bodies that are no call", () => {
  it.each([
    ["", NOT_JSON],
    [" ", NOT_JSON],
    ["not json", NOT_JSON],
    ['{"UUID":"a"', NOT_JSON],
    ['{"UUID":"a"} trailing', NOT_JSON],
    ['{"UUID":"a"}{"UUID":"b"}', NOT_JSON],
    ["\u0000\u0001", NOT_JSON],
    ["null", "the message: null is not an object"],
    ["[]", "the message: an array is not an object"],
    ['"{}"', "the message: a string is not an object"],
    ["5", "the message: 5 is not an object"],
    ["true", "the message: true is not an object"],
  ])("%j", (body, message) => {
    refuses(body, message);
  });
});

const TEXTS = ["UUID", "Name", "RoutingKey", "GroupUUID", "BrokerMessageGroupId", "SQSReceiptHandle"];
const INTEGERS = ["GroupTaskCount", "Priority", "RetryCount", "RetryTimeout"];
const FLAGS = ["Immutable", "StopTaskDeletionOnError", "IgnoreWhenTaskNotRegistered"];

describe("wrong types are named by their field", () => {
  it.each(TEXTS)("%s", (field) => {
    refuses(`{"${field}":1}`, `${field}: 1 is not a string`);
    refuses(`{"${field}":false}`, `${field}: false is not a string`);
    refuses(`{"${field}":["a"]}`, `${field}: an array is not a string`);
    refuses(`{"${field.toLowerCase()}":{}}`, `${field}: an object is not a string`);
  });

  it.each(INTEGERS)("%s", (field) => {
    const wanted = "an integer within ±(2^53 - 1)";
    refuses(`{"${field}":1.5}`, `${field}: 1.5 is not ${wanted}`);
    refuses(`{"${field}":"1"}`, `${field}: a string is not ${wanted}`);
    refuses(`{"${field}":true}`, `${field}: true is not ${wanted}`);
    refuses(`{"${field}":1e400}`, `${field}: Infinity is not ${wanted}`);
    refuses(`{"${field}":9007199254740992}`, `${field}: 9007199254740992 is not ${wanted}`);
  });

  it.each(FLAGS)("%s", (field) => {
    refuses(`{"${field}":1}`, `${field}: 1 is not true or false`);
    refuses(`{"${field}":"true"}`, `${field}: a string is not true or false`);
  });

  it.each([
    ['{"Priority":300}', "Priority: 300 is not within 0..255"],
    ['{"Priority":256}', "Priority: 256 is not within 0..255"],
    ['{"Priority":-1}', "Priority: -1 is not within 0..255"],
    ['{"Headers":[]}', "Headers: an array is not an object"],
    ['{"Headers":"a"}', "Headers: a string is not an object"],
    ['{"Args":{}}', "Args: an object is not an array"],
    ['{"Args":"a"}', "Args: a string is not an array"],
    ['{"Args":[1]}', "Args[0]: 1 is not an object"],
    ['{"Args":[{},[]]}', "Args[1]: an array is not an object"],
    ['{"Args":[{"Type":5}]}', "Args[0].Type: 5 is not a string"],
    ['{"Args":[{},{"name":5}]}', "Args[1].Name: 5 is not a string"],
    ['{"OnSuccess":{}}', "OnSuccess: an object is not an array"],
    ['{"OnError":1}', "OnError: 1 is not an array"],
    ['{"OnSuccess":[null]}', "OnSuccess[0]: null is not an object"],
    ['{"OnSuccess":[{},5]}', "OnSuccess[1]: 5 is not an object"],
    ['{"OnSuccess":[{"Priority":300}]}', "OnSuccess[0].Priority: 300 is not within 0..255"],
    [
      '{"OnError":[{},{"OnSuccess":[{"Args":[{"Type":1}]}]}]}',
      "OnError[1].OnSuccess[0].Args[0].Type: 1 is not a string",
    ],
    ['{"ChordCallback":[]}', "ChordCallback: an array is not an object"],
    [
      '{"ChordCallback":{"ChordCallback":{"ETA":5}}}',
      "ChordCallback.ChordCallback.ETA: 5 is not an RFC 3339 time",
    ],
  ])("%s", (body, message) => {
    refuses(body, message);
  });

  it("says only the end of a long path", () => {
    const body = `${'{"OnSuccess":['.repeat(10_000)}{"Priority":300}${"]}".repeat(10_000)}`;
    refuses(body, `….${"OnSuccess[0].".repeat(19)}Priority: 300 is not within 0..255`);
  });
});

describe("an ETA that Go refuses", () => {
  it.each([
    "",
    "2026-03-04",
    "2026-03-04T05:06:07",
    "2026-03-04 05:06:07Z",
    "2026-03-04t05:06:07z",
    "2026-03-04T05:06Z",
    "2026-03-04T05:06:07.Z",
    "2026-03-04T05:06:07,5Z",
    "2026-03-04T05:06:07+0100",
    "2026-03-04T05:06:07+24:00",
    "2026-03-04T05:06:07+01:60",
    "2026-03-04T24:00:00Z",
    "2026-03-04T05:60:07Z",
    "2026-03-04T05:06:60Z",
    "2026-13-04T05:06:07Z",
    "2026-00-04T05:06:07Z",
    "2026-02-30T05:06:07Z",
    "2025-02-29T05:06:07Z",
    "2026-03-00T05:06:07Z",
    "10000-01-01T00:00:00Z",
    "+010000-01-01T00:00:00Z",
    " 2026-03-04T05:06:07Z",
    "2026-03-04T05:06:07Z\n",
    "tomorrow",
  ])("%j", (eta) => {
    refuses(JSON.stringify({ ETA: eta }), "ETA: a string is not an RFC 3339 time");
  });

  it.each([
    [1772600767, "1772600767"],
    [true, "true"],
    [{}, "an object"],
    [[], "an array"],
  ])("%j", (eta, found) => {
    refuses(JSON.stringify({ ETA: eta }), `ETA: ${found} is not an RFC 3339 time`);
  });
});

describe("any other bytes", () => {
  const field = fc.constantFrom(
    ...TEXTS,
    ...INTEGERS,
    ...FLAGS,
    "ETA",
    "Args",
    "Headers",
    "OnSuccess",
    "ChordCallback",
  );

  const errorCode = (body: string): unknown => {
    try {
      decodeCall(body);
      return "none";
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };

  it("are a call or malformed, never anything else", () => {
    const bodies = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.dictionary(field, fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        expect(["none", "WFE_MALFORMED"]).toContain(errorCode(body));
      }),
      { numRuns: 200 },
    );
  });
});
