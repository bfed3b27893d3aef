import { type Arbitrary, assert, constantFrom, nat, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import type { TaskState, TaskStatus } from "../src/backend.ts";
import { isFinal, rankOf, supersedes } from "../src/order.ts";
import { state } from "./calls.ts";

const STATUSES: readonly TaskStatus[] = [
  "PENDING",
  "RECEIVED",
  "STARTED",
  "RETRY",
  "SUCCESS",
  "FAILURE",
  "REVOKED",
];

const states: Arbitrary<TaskState> = record({
  status: constantFrom(...STATUSES),
  attempt: nat(2),
  start: nat(2),
  beat: nat(2),
}).map((some) => state(some));

describe("order of states", () => {
  it("is final at SUCCESS, FAILURE and REVOKED only (TestTaskStateIsCompleted)", () => {
    expect(STATUSES.filter(isFinal)).toEqual(["SUCCESS", "FAILURE", "REVOKED"]);
    expect(STATUSES.map(rankOf)).toEqual([0, 1, 2, 3, 4, 4, 4]);
  });

  it("never lets anything win over a final state, or a state over itself", () => {
    assert(
      property(states, states, (next, standing) => {
        expect(supersedes(next, standing) && isFinal(standing.status)).toBe(false);
        expect(supersedes(standing, standing) && !isRevocation(standing)).toBe(false);
      }),
    );
  });

  it("lets at most one of two win over the other, but for revocation", () => {
    assert(
      property(states, states, (one, other) => {
        if (isFinal(one.status) || isFinal(other.status)) return;
        expect(supersedes(one, other) && supersedes(other, one)).toBe(false);
      }),
    );
  });

  it("is transitive among unfinished states", () => {
    assert(
      property(states, states, states, (a, b, c) => {
        if ([a, b, c].some((one) => isFinal(one.status))) return;
        const chained = supersedes(a, b) && supersedes(b, c);
        expect(chained && !supersedes(a, c)).toBe(false);
      }),
    );
  });

  it.each([
    [
      "a later attempt wins over any status",
      { status: "STARTED", attempt: 1, start: 1 },
      { status: "RETRY", start: 9 },
      true,
    ],
    [
      "a later start fences an earlier one",
      { status: "SUCCESS", start: 1 },
      { status: "STARTED", start: 2 },
      false,
    ],
    [
      "a final state wins in its own start",
      { status: "FAILURE", start: 1 },
      { status: "STARTED", start: 1, beat: 9 },
      true,
    ],
    ["a beat renews", { status: "STARTED", start: 1, beat: 1 }, { status: "STARTED", start: 1 }, true],
    [
      "an older beat does not",
      { status: "STARTED", start: 1, beat: 1 },
      { status: "STARTED", start: 1, beat: 2 },
      false,
    ],
    ["PENDING again is no news", { status: "PENDING" }, { status: "STARTED", start: 1 }, false],
    [
      "REVOKED wins over all that runs",
      { status: "REVOKED" },
      { status: "STARTED", attempt: 3, start: 2 },
      true,
    ],
    [
      "machinery's STARTED counts as start 1",
      { status: "SUCCESS", start: 1 },
      { status: "STARTED", attempt: undefined, start: undefined },
      true,
    ],
    [
      "machinery's PENDING counts as start 0",
      { status: "STARTED", start: 1 },
      { status: "PENDING", attempt: undefined, start: undefined },
      true,
    ],
    [
      "machinery's SUCCESS stands",
      { status: "STARTED", start: 5 },
      { status: "SUCCESS", attempt: undefined, start: undefined },
      false,
    ],
  ] as const)("%s", (_, next, standing, wins) => expect(supersedes(state(next), state(standing))).toBe(wins));
});

function isRevocation(one: TaskState): boolean {
  return one.status === "REVOKED";
}
