import { describe, expect, it } from "vitest";
import { decide, repeatRetry, retryInfo } from "../src/advance.ts";
import {
  PermanentFailure,
  RetryLater,
  exponential,
  fibonacci,
  findCause,
  retryDelayMs,
} from "../src/retry.ts";
import { call, state } from "./calls.ts";

const NOW = Date.UTC(2025, 0, 1);
const limits = { now: NOW, maxRetryLater: 2 };
const threw = (thrown: unknown) => ({ kind: "threw", thrown }) as const;

describe("delays", () => {
  it("climb machinery's ladder above RetryTimeout", () => {
    const delays = [0, 1, 2, 3, 4, 5, 10].map((retryTimeoutS) => retryDelayMs(call({ retryTimeoutS }), 0));
    expect(delays).toEqual([1, 2, 3, 5, 5, 8, 13].map((seconds) => seconds * 1000));
  });

  it("double up to a limit, and jitter takes at most half of them off", () => {
    const at = (text: string, attempt: number, random: number): number =>
      retryDelayMs(call({ headers: { "wfe-backoff": text } }), attempt, () => random);
    expect([0, 1, 2, 3, 60].map((attempt) => at("exponential 10 50", attempt, 0))).toEqual([
      10, 20, 40, 50, 50,
    ]);
    expect([0, 0.5, 1].map((random) => at("exponential 10 100 jitter", 2, random))).toEqual([20, 30, 40]);
  });

  it("climb the ladder where somebody broke the header", () => {
    expect(retryDelayMs(call({ headers: { "wfe-backoff": "linear 3" } }), 0)).toBe(1000);
    expect(retryDelayMs(call({ headers: { "wfe-backoff": 7 } }), 0)).toBe(1000);
  });

  it("are refused where they make no sense", () => {
    expect(fibonacci()).toEqual({ kind: "fibonacci" });
    expect(exponential({ baseMs: 5 })).toEqual({
      kind: "exponential",
      baseMs: 5,
      maxMs: 3_600_000,
      jitter: true,
    });
    for (const wrong of [
      { baseMs: 0 },
      { baseMs: NaN },
      { baseMs: 10, maxMs: 5 },
      { baseMs: 1, maxMs: Infinity },
    ]) {
      expect(() => exponential(wrong)).toThrow(expect.objectContaining({ code: "WFE_INVALID_OPTION" }));
    }
    for (const wrong of [-1, NaN, Infinity]) expect(() => new RetryLater(wrong)).toThrow("delayMs");
  });
});

describe("what a run leads to", () => {
  it("a return is a success", () => {
    const results = [{ type: "int64", value: 1 }];
    expect(decide(call({ retryCount: 3 }), { kind: "returned", results }, limits)).toEqual({
      kind: "success",
      results,
    });
  });

  it("an error without retries is a failure, with the text of whatever was thrown", () => {
    expect(decide(call(), threw(new Error("why")), limits)).toEqual({ kind: "failure", error: "why" });
    expect(decide(call(), threw("text"), limits)).toEqual({ kind: "failure", error: "text" });
    expect(decide(call(), threw(undefined), limits)).toMatchObject({ kind: "failure" });
    expect(decide(call(), threw({ code: 1 }), limits)).toMatchObject({ error: 'thrown: {"code":1}' });
  });

  it("an error with retries left is a copy: the next attempt, with what is left of them", () => {
    const verdict = decide(call({ retryCount: 2, retryTimeoutS: 1 }), threw(new Error("why")), limits);
    expect(verdict).toMatchObject({ kind: "retry", error: "why", delayMs: 2000 });
    if (verdict.kind !== "retry") return;
    expect(verdict.copy).toMatchObject({
      id: "id",
      retryCount: 1,
      retryTimeoutS: 2,
      headers: { "wfe-attempt": "2" },
    });
    expect(verdict.copy.eta).toMatch(/^2025-01-01T00:00:02/);
  });

  it("RetryLater keeps the retries, PermanentFailure none (TestTaskCallErrorTest)", () => {
    const later = decide(call(), threw(new RetryLater(7)), limits);
    expect(later).toMatchObject({
      kind: "retry",
      delayMs: 7,
      copy: { retryCount: 0, headers: { "wfe-later": "1" } },
    });
    expect(decide(call({ retryCount: 5 }), threw(new PermanentFailure("no")), limits)).toEqual({
      kind: "failure",
      error: "no",
    });
    const often = call({ headers: { "wfe-later": "2" } });
    expect(decide(often, threw(new RetryLater(7)), limits)).toMatchObject({ kind: "failure" });
  });

  it("looks at causes, but not for ever", () => {
    const cycle = new Error("a");
    cycle.cause = new Error("b", { cause: cycle });
    expect(findCause(cycle, RetryLater)).toBeUndefined();
    const inner = new RetryLater(1);
    expect(findCause(new Error("x", { cause: new Error("y", { cause: inner }) }), RetryLater)).toBe(inner);
  });

  it("a standing RETRY gives the same copy again", () => {
    const first = call({ retryCount: 2, headers: { tenant: "acme", "wfe-unknown": "1 2" } });
    const verdict = decide(first, threw(new Error("why")), limits);
    if (verdict.kind !== "retry") throw new Error("no retry");
    const info = retryInfo(verdict.copy, NOW + verdict.delayMs);
    const again = repeatRetry(first, state({ status: "RETRY", attempt: 0, info }), NOW + 500);
    expect(again).toEqual(verdict.copy);
  });

  it("machinery's RETRY, which remembers nothing, is due at once", () => {
    const again = repeatRetry(call({ retryCount: 2 }), state({ status: "RETRY", attempt: undefined }), NOW);
    expect(again).toMatchObject({ retryCount: 1, headers: { "wfe-attempt": "1" } });
  });
});
