import { describe, invalidValue, step } from "./place.ts";
import type { ValuePlace } from "./place.ts";

/**
 * Which values belong to which type. A value that fits comes back in the one form it has here: integers as number
 * where that is exact and as bigint beyond, slices as new arrays, `[]uint8` as a new Uint8Array.
 */

/** Undefined: it does not fit. */
type Fit = (value: unknown) => unknown;

const INTEGERS: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  int8: [-128n, 127n],
  int16: [-32768n, 32767n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint: [0n, 2n ** 64n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65535n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  bigint: [-(2n ** 63n), 2n ** 64n - 1n],
};

const FITS: ReadonlyMap<string, Fit> = createFits();

function createFits(): ReadonlyMap<string, Fit> {
  const scalars = new Map<string, Fit>([
    ["bool", (value) => (typeof value === "boolean" ? value : undefined)],
    ["string", (value) => (typeof value === "string" ? value : undefined)],
    ["float32", (value) => finite(Math.fround(toNumber(value)))],
    ["float64", (value) => finite(toNumber(value))],
  ]);
  for (const [type, [low, high]] of Object.entries(INTEGERS)) scalars.set(type, integer(low, high));
  const fits = new Map(scalars);
  for (const [type, fit] of scalars) fits.set(`[]${type}`, slice(fit));
  return fits.set("[]uint8", bytes).set("[]byte", bytes);
}

function integer(low: bigint, high: bigint): Fit {
  const [min, max] = [Number(low), Number(high)];
  return (value) => {
    if (typeof value === "number") {
      return Number.isSafeInteger(value) && value >= min && value <= max ? value + 0 : undefined; // + 0: -0 is 0
    }
    return typeof value === "bigint" && value >= low && value <= high ? exact(value) : undefined;
  };
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Long integer literals are bigints after parsing, whatever their type will turn out to be. */
function toNumber(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) + 0 : NaN;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function slice(fit: Fit): Fit {
  return (value) => {
    if (!Array.isArray(value) && !(value instanceof Uint8Array)) return undefined;
    const items: unknown[] = [];
    for (const item of value) {
      const fitted = fit(item);
      if (fitted === undefined) return undefined;
      items.push(fitted);
    }
    return items;
  };
}

const byteItems = slice(integer(0n, 255n));

function bytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  const items = byteItems(value) as readonly number[] | undefined;
  return items && Uint8Array.from(items);
}

/** The value in the form of its type. Throws `WFE_INVALID_VALUE`. */
export function fit(type: string, value: unknown, place: ValuePlace): unknown {
  const fits = FITS.get(type);
  if (fits === undefined) throw invalidValue(place, "", `has type "${type}", not one of the supported types`);
  const fitted = fits(value);
  if (fitted === undefined) throw misfit(type, value, place);
  return fitted;
}

function misfit(type: string, value: unknown, place: ValuePlace): Error {
  const itemType = type === "[]byte" ? "uint8" : type.slice(2);
  if (!type.startsWith("[]") || !Array.isArray(value)) return invalidValue(place, "", complaint(type, value));
  const index = [...value].findIndex((item) => FITS.get(itemType)?.(item) === undefined);
  return invalidValue(place, step(index), complaint(itemType, value[index]));
}

function complaint(type: string, value: unknown): string {
  const found = `is ${describe(value)}`;
  const range = INTEGERS[type];
  if (!range || (typeof value !== "number" && typeof value !== "bigint")) return `${found}, not ${type}`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return `${found}, ${UNSAFE_INTEGER}`;
  return `${found}; ${type} takes integers from ${range[0]} to ${range[1]}`;
}

/** What is wrong with a number beyond ±(2^53 − 1): its last digits are rounded already. */
export const UNSAFE_INTEGER = "an integer that a number cannot hold exactly; pass a bigint, or float64(it)";
