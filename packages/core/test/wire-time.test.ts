import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { etaToMs, msToEta } from "../src/instant.ts";

describe("etaToMs", () => {
  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2026-03-04T05:06:07Z", 1772600767000],
    ["2026-03-04T05:06:07.1Z", 1772600767100],
    ["2026-03-04T05:06:07.069Z", 1772600767069],
    ["2026-03-04T05:06:07.123456789Z", 1772600767124],
    ["2026-03-04T05:06:07.123000001Z", 1772600767124],
    ["2026-03-04T05:06:07.1230000009Z", 1772600767123],
    ["2026-03-04T05:06:07.999999999Z", 1772600768000],
    ["2026-03-04T10:36:07+05:30", 1772600767000],
    ["2026-03-03T21:06:07.5-08:00", 1772600767500],
    ["1969-12-31T23:59:59.9995Z", 0],
    ["0001-01-01T00:00:00Z", -62135596800000],
    ["9999-12-31T23:59:59Z", 253402300799000],
  ])("%s is %d: never early", (eta, ms) => {
    expect(etaToMs(eta)).toBe(ms);
  });

  it.each(["", "soon", "2026-03-04", "2026-02-30T00:00:00Z"])("refuses %j", (eta) => {
    expect(() => etaToMs(eta)).toThrow(
      expect.objectContaining({ code: "WFE_MALFORMED", message: "the ETA is not an RFC 3339 time" }),
    );
  });

  it("reads every ms of every day", () => {
    const start = Date.parse("2026-03-04T05:06:07Z");
    for (let ms = 0; ms < 1000; ms++) expect(etaToMs(new Date(start + ms).toISOString())).toBe(start + ms);
  });
});

describe("msToEta", () => {
  it.each([
    [0, "1970-01-01T00:00:00Z"],
    [1772600767000, "2026-03-04T05:06:07Z"],
    [1772600760000, "2026-03-04T05:06:00Z"],
    [1772600767100, "2026-03-04T05:06:07.1Z"],
    [1772600767120, "2026-03-04T05:06:07.12Z"],
    [1772600767003, "2026-03-04T05:06:07.003Z"],
    [1772600767002.2, "2026-03-04T05:06:07.003Z"],
    [-62135596800000, "0001-01-01T00:00:00Z"],
    [253402300799999, "9999-12-31T23:59:59.999Z"],
  ])("%d is %s, as Go writes it", (ms, eta) => {
    expect(msToEta(ms)).toBe(eta);
  });

  it.each([NaN, Infinity, 253402300800000, -62167219200001, 9e15])("refuses %d", (ms) => {
    expect(() => msToEta(ms)).toThrow(
      expect.objectContaining({
        code: "WFE_INVALID_VALUE",
        message: `${ms} is not a time in the years 0 to 9999`,
      }),
    );
  });
});

it("both together bring every ms back", () => {
  fc.assert(
    fc.property(fc.integer({ min: -62167219200000, max: 253402300799999 }), (ms) => {
      expect(etaToMs(msToEta(ms))).toBe(ms);
    }),
  );
});
