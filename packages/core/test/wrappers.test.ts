import { describe, expect, it } from "vitest";
import { attemptOf, foreignHeaders, header, headerNumber, isImmutable, withHeaders } from "../src/headers.ts";
import { guardedLogger } from "../src/logger.ts";
import { compose } from "../src/middleware.ts";
import { call } from "./calls.ts";

describe("middleware", () => {
  type Step = (subject: string, next: (subject: string) => Promise<string>) => Promise<string>;
  const named =
    (name: string): Step =>
    async (subject, next) =>
      `${name}(${await next(`${subject}>${name}`)})`;

  it("wraps: the first is the outermost", async () => {
    const all = compose([named("a"), undefined, named("b")]);
    expect(await all?.("x", async (subject) => subject)).toBe("a(b(x>a>b))");
  });

  it("is nothing where there is none", () => {
    expect(compose([])).toBeUndefined();
    expect(compose([undefined, undefined])).toBeUndefined();
  });

  it("may answer itself, throw, and hear of what threw inside", async () => {
    const silent: Step = async () => "silent";
    expect(await compose([silent, named("b")])?.("x", async () => "never")).toBe("silent");
    const fails: Step = () => Promise.reject(new Error("no"));
    await expect(compose([named("a"), fails])?.("x", async () => "")).rejects.toThrow("no");
    const catches: Step = (subject, next) => next(subject).catch((error: Error) => `heard ${error.message}`);
    expect(await compose([catches, fails])?.("x", async () => "")).toBe("heard no");
  });
});

describe("a logger", () => {
  it("is heard, with its own this, and its failures reach nobody", () => {
    const heard: unknown[] = [];
    const own = {
      prefix: "own",
      debug(fields: object, message: string) {
        heard.push([this.prefix, fields, message]);
      },
      info: () => {
        throw new Error("disk full");
      },
      warn: () => undefined,
      error: () => undefined,
    };
    const log = guardedLogger(own);
    log.debug({ a: 1 }, "text");
    log.info({}, "lost");
    expect(heard).toEqual([["own", { a: 1 }, "text"]]);
  });
});

describe("headers", () => {
  it("of ours are strings; what somebody broke is as if it were not there", () => {
    expect(header(call({ headers: { "wfe-sent": "5" } }), "wfe-sent")).toBe("5");
    expect(header(call({ headers: { "wfe-sent": 5 } }), "wfe-sent")).toBeUndefined();
    expect(header(call(), "wfe-sent")).toBeUndefined();
    for (const broken of ["", "x", "1.5", "-1", "NaN", "1e400"]) {
      const number = headerNumber(call({ headers: { "wfe-later": broken } }), "wfe-later", 7);
      expect([0, 7], broken).toContain(number);
    }
  });

  it("tell the attempt; where only Go has retried, its place on the ladder does", () => {
    expect(attemptOf(call({ headers: { "wfe-attempt": "3" }, retryTimeoutS: 1 }))).toBe(3);
    expect([0, 1, 2, 3, 5, 8].map((retryTimeoutS) => attemptOf(call({ retryTimeoutS })))).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
  });

  it("are added and taken away in a copy", () => {
    const before = call({ headers: { a: 1, "wfe-sent": "1", "wfe-immutable": "1" } });
    const after = withHeaders(before, { "wfe-immutable": undefined, "wfe-later": "2" });
    expect(after.headers).toEqual({ a: 1, "wfe-sent": "1", "wfe-later": "2" });
    expect([isImmutable(before), isImmutable(after)]).toEqual([true, false]);
    expect(foreignHeaders(after.headers)).toEqual({ a: 1 });
  });
});
