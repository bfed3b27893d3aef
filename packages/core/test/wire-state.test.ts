import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskState } from "../src/backend.ts";
import { decodeGroup, decodeState, encodeGroup, encodeState } from "../src/stateWire.ts";
import type { GroupRecord } from "../src/stateWire.ts";
import { goFixture } from "./fixtures/read.ts";

const CREATED = Date.parse("2026-03-04T05:06:07.123Z");
const YEAR_ONE = Date.parse("0001-01-01T00:00:00Z");

const STATE: TaskState = {
  id: "task_A",
  name: "add",
  status: "PENDING",
  attempt: undefined,
  start: undefined,
  beat: 0,
  run: "",
  results: [],
  error: "",
  createdAt: CREATED,
  expiresAt: Infinity,
  info: undefined,
};

const GROUP: GroupRecord = {
  id: "group_9d0e",
  size: 2,
  memberIds: ["task_A", "task_B"],
  createdAt: CREATED,
  expiresAt: Infinity,
  triggered: false,
};

/** The nanoseconds of Go's clock are the one thing that is not kept. */
const inMs = (text: string): string => text.replace("07.123456789Z", "07.123Z");

describe("task states that Go wrote", () => {
  it.each(["success", "pending", "started", "failure", "no-results"])(
    "%s: the same bytes when written again",
    (name) => {
      const text = goFixture(`state-${name}`);
      expect(encodeState(decodeState(text))).toBe(inMs(text));
    },
  );

  it("have no numbers of ours: attempt and start are unknown, and only their store knows when they expire", () => {
    expect(decodeState(goFixture("state-success"))).toStrictEqual({
      ...STATE,
      status: "SUCCESS",
      results: [{ type: "int64", value: 2 }],
    });
  });

  it("carry only id and status between PENDING and the end, and no time", () => {
    expect(decodeState(goFixture("state-started"))).toStrictEqual({
      ...STATE,
      id: "task_1f0c7a4e-6c0e-4a57-9b8e-0d4a8d9f3a01",
      name: "",
      status: "STARTED",
      createdAt: YEAR_ONE,
    });
  });

  it("keep the text of an error", () => {
    expect(decodeState(goFixture("state-failure")).error).toBe("it <broke> & \u2028 stopped");
  });
});

describe("encodeState", () => {
  it("writes Go's fields first, and ours only where they say more", () => {
    expect(encodeState({ ...STATE, attempt: 0, start: 0, expiresAt: CREATED + 1 })).toBe(
      '{"TaskUUID":"task_A","TaskName":"add","State":"PENDING","Results":null,"Error":"",' +
        `"CreatedAt":"2026-03-04T05:06:07.123Z","TTL":0,"Attempt":0,"Start":0,"ExpiresAt":${CREATED + 1}}`,
    );
  });

  it("writes everything there is", () => {
    const state: TaskState = {
      ...STATE,
      status: "RETRY",
      attempt: 1,
      start: 2,
      beat: 3,
      run: "r",
      error: "<later>",
      expiresAt: 5,
      info: { progress: 0.5, tag: "w<1>" },
    };
    expect(encodeState(state)).toBe(
      '{"TaskUUID":"task_A","TaskName":"add","State":"RETRY","Results":null,"Error":"\\u003clater\\u003e",' +
        '"CreatedAt":"2026-03-04T05:06:07.123Z","TTL":0,"Attempt":1,"Start":2,"Beat":3,"Run":"r","ExpiresAt":5,' +
        '"Info":{"progress":0.5,"tag":"w\\u003c1\\u003e"}}',
    );
    expect(decodeState(encodeState(state))).toStrictEqual(state);
  });

  it("writes [] for a success without results, as Go does, and null for what has none", () => {
    expect(encodeState({ ...STATE, status: "SUCCESS" })).toContain('"State":"SUCCESS","Results":[],');
    expect(encodeState({ ...STATE, status: "FAILURE" })).toContain('"State":"FAILURE","Results":null,');
  });

  it("shows Go a FAILURE where a task was revoked, and us REVOKED", () => {
    const revoked: TaskState = { ...STATE, status: "REVOKED", error: "no longer needed" };
    expect(JSON.parse(encodeState(revoked))).toMatchObject({ State: "FAILURE", Revoked: true });
    expect(decodeState(encodeState(revoked))).toStrictEqual(revoked);
  });

  it("keeps results that were bigints, and integers of any size", () => {
    const results = [
      { type: "int64", value: 5, as: "bigint" as const },
      { type: "uint64", value: 18446744073709551615n },
    ];
    const text = encodeState({ ...STATE, status: "SUCCESS", results });
    expect(text).toContain(
      '[{"Type":"int64","Value":5,"As":"bigint"},{"Type":"uint64","Value":18446744073709551615}]',
    );
    expect(decodeState(text).results).toStrictEqual(results);
  });
});

describe("decodeState", () => {
  it("takes keys in any case, unknown ones, and few", () => {
    expect(
      decodeState('{"taskuuid":"task_A","STATE":"SUCCESS","x":1,"attempt":2,"results":null}'),
    ).toStrictEqual({
      ...STATE,
      name: "",
      status: "SUCCESS",
      attempt: 2,
      createdAt: YEAR_ONE,
    });
  });

  it("takes offsets in times, and cuts what is less than a ms", () => {
    const at = (text: string): number => decodeState(`{"State":"PENDING","CreatedAt":"${text}"}`).createdAt;
    expect(at("2026-03-04T05:06:07.999999999Z")).toBe(Date.parse("2026-03-04T05:06:07.999Z"));
    expect(at("2026-03-04T07:06:07+02:00")).toBe(Date.parse("2026-03-04T05:06:07Z"));
  });

  it.each([
    ["", "not JSON: Unexpected end of JSON input"],
    ["null", "the message: null is not an object"],
    ["[]", "the message: an array is not an object"],
    ["{}", "State: undefined is not a state of machinery"],
    ['{"State":""}', "State: a string is not a state of machinery"],
    ['{"State":"success"}', "State: a string is not a state of machinery"],
    ['{"State":1}', "State: 1 is not a state of machinery"],
    ['{"State":"RETRY","TaskUUID":1}', "TaskUUID: 1 is not a string"],
    ['{"State":"RETRY","TaskName":1}', "TaskName: 1 is not a string"],
    ['{"State":"RETRY","Error":[]}', "Error: an array is not a string"],
    ['{"State":"RETRY","Run":1}', "Run: 1 is not a string"],
    ['{"State":"RETRY","Results":{}}', "Results: an object is not an array"],
    ['{"State":"RETRY","Results":[5]}', "Results[0]: 5 is not an object"],
    ['{"State":"RETRY","Results":[{"Type":"a"},{"Type":1}]}', "Results[1].Type: 1 is not a string"],
    ['{"State":"RETRY","CreatedAt":5}', "CreatedAt: 5 is not a string"],
    ['{"State":"RETRY","CreatedAt":"today"}', "CreatedAt: a string is not an RFC 3339 time"],
    ['{"State":"RETRY","Attempt":"1"}', "Attempt: a string is not an integer within ±(2^53 - 1)"],
    ['{"State":"RETRY","Start":1.5}', "Start: 1.5 is not an integer within ±(2^53 - 1)"],
    ['{"State":"RETRY","Beat":true}', "Beat: true is not an integer within ±(2^53 - 1)"],
    ['{"State":"RETRY","ExpiresAt":"x"}', "ExpiresAt: a string is not an integer within ±(2^53 - 1)"],
    ['{"State":"RETRY","Info":[]}', "Info: an array is not an object"],
    ['{"State":"RETRY","Revoked":1}', "Revoked: 1 is not true or false"],
  ])("refuses %s, naming the field", (text, message) => {
    expect(() => decodeState(text)).toThrow(
      expect.objectContaining({
        code: "WFE_MALFORMED",
        message,
      }),
    );
  });
});

describe("groups", () => {
  it.each(["group"])("%s, as Go wrote it: the same bytes when written again", (name) => {
    expect(decodeGroup(goFixture(name))).toStrictEqual(GROUP);
    expect(encodeGroup(GROUP)).toBe(inMs(goFixture(name)));
  });

  it("read a nil list of Go as no members, and whether the chord was triggered; a lock is Go's own affair", () => {
    expect(decodeGroup(goFixture("group-triggered"))).toStrictEqual({
      id: "group_1",
      size: 0,
      memberIds: [],
      createdAt: Date.parse("2026-03-04T05:06:07.120Z"),
      expiresAt: Infinity,
      triggered: true,
    });
  });

  it("too large to list keep their size", () => {
    const large: GroupRecord = {
      ...GROUP,
      size: 100_000,
      memberIds: undefined,
      expiresAt: 7,
      triggered: true,
    };
    expect(encodeGroup(large)).toBe(
      '{"GroupUUID":"group_9d0e","TaskUUIDs":[],"ChordTriggered":true,"Lock":false,' +
        '"CreatedAt":"2026-03-04T05:06:07.123Z","TTL":0,"Size":100000,"ExpiresAt":7}',
    );
    expect(decodeGroup(encodeGroup(large))).toStrictEqual(large);
  });

  it("take keys in any case, unknown ones, and few", () => {
    expect(decodeGroup('{"groupuuid":"g","taskuuids":["a"],"x":1}')).toStrictEqual({
      ...GROUP,
      id: "g",
      size: 1,
      memberIds: ["a"],
      createdAt: YEAR_ONE,
    });
  });

  it.each([
    ["null", "the message: null is not an object"],
    ['{"GroupUUID":1}', "GroupUUID: 1 is not a string"],
    ['{"TaskUUIDs":"a"}', "TaskUUIDs: a string is not an array"],
    ['{"TaskUUIDs":["a",1]}', "TaskUUIDs[1]: 1 is not a string"],
    ['{"ChordTriggered":1}', "ChordTriggered: 1 is not true or false"],
    ['{"Size":"1"}', "Size: a string is not an integer within ±(2^53 - 1)"],
    ['{"CreatedAt":"x"}', "CreatedAt: a string is not an RFC 3339 time"],
    ['{"ExpiresAt":1.5}', "ExpiresAt: 1.5 is not an integer within ±(2^53 - 1)"],
  ])("%s", (text, message) => {
    expect(() => decodeGroup(text)).toThrow(expect.objectContaining({ code: "WFE_MALFORMED", message }));
  });
});

const text = fc.string({ unit: "binary" });
const moment = fc.integer({ min: YEAR_ONE, max: Date.parse("9999-12-31T23:59:59.999Z") });
const expiry = fc.oneof(fc.maxSafeInteger(), fc.constant(Infinity));
const result = fc.record(
  {
    type: text,
    value: fc.oneof(text, fc.boolean(), fc.maxSafeInteger(), fc.bigInt({ min: 2n ** 53n })),
    as: fc.constant("bigint" as const),
  },
  { requiredKeys: ["type", "value"], noNullPrototype: true },
);
const state = fc.record(
  {
    id: text,
    name: text,
    status: fc.constantFrom("PENDING", "RECEIVED", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"),
    attempt: fc.option(fc.nat(), { nil: undefined }),
    start: fc.option(fc.nat(), { nil: undefined }),
    beat: fc.nat(),
    run: text,
    results: fc.array(result),
    error: text,
    createdAt: moment,
    expiresAt: expiry,
    info: fc.option(fc.dictionary(text, text, { noNullPrototype: true }), { nil: undefined }),
  },
  { noNullPrototype: true },
);
const group = fc
  .record({
    id: text,
    ids: fc.array(text),
    listed: fc.boolean(),
    createdAt: moment,
    expiresAt: expiry,
    triggered: fc.boolean(),
  })
  .map(({ ids, listed, ...rest }) => ({ ...rest, size: ids.length, memberIds: listed ? ids : undefined }));

describe("round trips", () => {
  it("bring every state back", () => {
    fc.assert(
      fc.property(state, (state) => {
        expect(decodeState(encodeState(state as TaskState))).toStrictEqual(state);
      }),
    );
  });

  it("bring every group back", () => {
    fc.assert(
      fc.property(group, (group) => {
        expect(decodeGroup(encodeGroup(group))).toStrictEqual(group);
      }),
    );
  });
});
