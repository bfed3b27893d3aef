import { WfeError } from "./errors.ts";

/** Moments as machinery writes them: RFC 3339 with up to nine digits of fraction, none of them a trailing zero. */

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** Go's zero time, `0001-01-01T00:00:00Z`, which it writes for a moment that nobody set. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * Epoch ms of an ETA. Fractions of a ms are rounded up, so that nothing starts early. Throws `WFE_MALFORMED` for what
 * is no RFC 3339 time; any offset will do.
 */
export function etaToMs(eta: string): number {
  const ms = parseInstant(eta, Math.ceil);
  if (Number.isNaN(ms)) throw new WfeError("WFE_MALFORMED", "the ETA is not an RFC 3339 time");
  return ms;
}

/** Whole epoch ms, with a rounding of the caller's choice; NaN for what is no RFC 3339 time with upper-case T and Z. */
export function parseInstant(text: string, round: (ms: number) => number): number {
  const [, date, fraction = "", , sign, hours, minutes] = RFC3339.exec(text) ?? [];
  const seconds = date === undefined ? NaN : Date.parse(`${date}Z`);
  // Date.parse takes 30 February and 24:00 for days that follow; Go does not. Then the date does not read the same.
  if (Number.isNaN(seconds) || new Date(seconds).toISOString().slice(0, 19) !== date) return NaN;
  const offsetMs = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
  const nanoseconds = Number(fraction.padEnd(9, "0").slice(0, 9)); // Go cuts off further digits
  return seconds + round(nanoseconds / 1e6) + (sign === "-" ? offsetMs : -offsetMs);
}

/** Many states are made within one ms. */
let last = { ms: NaN, text: "" };

/** The ETA of an epoch ms; fractions of a ms are rounded up. Throws `WFE_INVALID_VALUE` outside of the years 0 to 9999. */
export function msToEta(ms: number): string {
  if (ms !== last.ms) last = { ms, text: format(ms) };
  return last.text;
}

function format(ms: number): string {
  const date = new Date(Math.ceil(ms));
  const text = Number.isNaN(date.getTime()) ? "" : date.toISOString();
  if (text.length !== 24)
    throw new WfeError("WFE_INVALID_VALUE", `${ms} is not a time in the years 0 to 9999`);
  return text.replace(/\.?0*Z$/, "Z");
}
