import { describe, expect, it } from "vitest";
import type { TaskStatus } from "../src/backend.ts";
import { callbackWith, doomed, errorCalls, followUps, judge } from "../src/advance.ts";
import { call, state } from "./calls.ts";

const one = { type: "int64", value: 1 };
const two = { type: "int64", value: 2 };
const text = { type: "string", value: "x" };

describe("follow-ups", () => {
  const next = call({ id: "next", args: [{ name: "", ...two }] });
  const silent = call({ id: "silent", headers: { "wfe-immutable": "1" } });

  it("of a success: each callback, with the results after its own arguments", () => {
    const done = state({ status: "SUCCESS", results: [one, text] });
    const [first, second] = followUps(call({ onSuccess: [next, silent] }), done);
    expect(first?.args).toEqual([
      { name: "", ...two },
      { name: "", ...one },
      { name: "", ...text },
    ]);
    expect(second).toBe(silent);
    expect(followUps(call({ onSuccess: [next], immutable: true }), done)).toEqual([next]);
    expect(followUps(call({ onSuccess: [next] }), state({ status: "SUCCESS" }))).toEqual([next]);
    expect(followUps(call(), done)).toEqual([]);
  });

  it("of a failure or revocation: the error callbacks, with the text before their arguments", () => {
    const failing = call({ onSuccess: [next], onError: [next] });
    for (const status of ["FAILURE", "REVOKED"] as const) {
      const [heard, ...more] = followUps(failing, state({ status, error: "why" }));
      expect(heard?.args).toEqual([
        { name: "", type: "string", value: "why" },
        { name: "", ...two },
      ]);
      expect(more).toEqual([]);
    }
    expect(errorCalls(call(), "why")).toEqual([]);
  });

  it("of a group: the callback with all results in order, or as one array", () => {
    const members = [state({ results: [one, text] }), state(), state({ results: [two] })];
    expect(callbackWith(call(), members).args?.map((arg) => arg.value)).toEqual([1, "x", 2]);
    const collect = call({ headers: { "wfe-collect": "1" } });
    expect(callbackWith(collect, members).args).toEqual([{ name: "", type: "json", value: [1, "x", 2] }]);
    const numbers = [state({ results: [one] }), state({ results: [two] })];
    expect(callbackWith(collect, numbers).args).toEqual([{ name: "", type: "[]int64", value: [1, 2] }]);
    expect(callbackWith(silent, members)).toBe(silent);
    expect(callbackWith(call({ immutable: true }), members).args).toBeNull();
  });

  it("of more than 10,000 members: one array", () => {
    const members = Array.from({ length: 10_001 }, () => state({ results: [one] }));
    expect(callbackWith(call(), members).args).toHaveLength(1);
    expect(callbackWith(call(), members.slice(1)).args).toHaveLength(10_000);
  });
});

describe("what a failure dooms", () => {
  it("is all that comes after it, each once", () => {
    const end = call({ id: "end" });
    const callback = call({ id: "callback", onSuccess: [end] });
    const members = ["a", "b"].map((id) => call({ id, chordCallback: callback }));
    const failing = call({ id: "first", onSuccess: members, onError: [call({ id: "error" })] });
    expect(
      doomed(failing)
        .map((one) => one.id)
        .toSorted(),
    ).toEqual(["a", "b", "callback", "end"]);
    expect(doomed(call())).toEqual([]);
  });
});

describe("a refused claim", () => {
  const cases: readonly (readonly [TaskStatus, boolean | undefined, object, object])[] = [
    ["SUCCESS", false, {}, { act: "drop" }],
    ["SUCCESS", true, {}, { act: "replay" }],
    ["SUCCESS", undefined, {}, { act: "replay" }],
    ["FAILURE", true, {}, { act: "replay" }],
    ["REVOKED", true, {}, { act: "replay" }],
    ["RETRY", true, {}, { act: "resend" }],
    ["RETRY", false, {}, { act: "resend" }],
    ["RETRY", true, { attempt: 1 }, { act: "drop" }],
    ["STARTED", false, { start: 1 }, { act: "drop" }],
    ["STARTED", true, { start: 1 }, { act: "claim", start: 2 }],
    ["STARTED", true, { start: 1, attempt: 1 }, { act: "drop" }],
    ["STARTED", undefined, { start: 1, beat: 4 }, { act: "probe", seen: "1 4" }],
    ["STARTED", true, { start: 3 }, { act: "lost" }],
    ["STARTED", true, { start: 3, info: { released: 1 } }, { act: "claim", start: 4 }],
    ["STARTED", true, { start: undefined, attempt: undefined }, { act: "claim", start: 2 }],
  ];
  it.each(cases)("%s, redelivered %s, %o: %o", (status, redelivered, standing, refusal) => {
    const sighting = { attempt: 0, redelivered, maxStarts: 3 };
    expect(judge(call(), state({ status, ...standing }), sighting)).toEqual(refusal);
  });

  it("takes over where a probe comes back and nothing has moved", () => {
    const sighting = { attempt: 0, redelivered: undefined, maxStarts: 3 };
    const probe = call({ headers: { "wfe-probe": "1 4" } });
    expect(judge(probe, state({ status: "STARTED", start: 1, beat: 4 }), sighting)).toEqual({
      act: "claim",
      start: 2,
    });
    expect(judge(probe, state({ status: "STARTED", start: 1, beat: 5 }), sighting)).toEqual({
      act: "probe",
      seen: "1 5",
    });
  });
});
