import { describe, invalidValue, step } from "./place.ts";
import type { ValuePlace } from "./place.ts";

/**
 * Which values belong to which type. One that does comes back in the form it has here: integers as number where that is
 * exact and as bigint beyond, slices as new arrays, `[]uint8` as a new Uint8Array.
 */
type Fit = (value: unknown) => unknown; // undefined: it does not belong to the type

const signed = (bits: bigint): readonly [low: bigint, high: bigint] => [
  -(2n ** (bits - 1n)),
  2n ** (bits - 1n) - 1n,
];
const unsigned = (bits: bigint): readonly [low: bigint, high: bigint] => [0n, 2n ** bits - 1n];

const INTEGERS: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = {
  int: signed(64n),
  int8: signed(8n),
  int16: signed(16n),
  int32: signed(32n),
  int64: signed(64n),
  uint: unsigned(64n),
  uint8: unsigned(8n),
  uint16: unsigned(16n),
  uint32: unsigned(32n),
  uint64: unsigned(64n),
  bigint: [-(2n ** 63n), 2n ** 64n - 1n],
};

const FITS: ReadonlyMap<string, Fit> = createFits();

function createFits(): ReadonlyMap<string, Fit> {
  const scalars = new Map<string, Fit>([
    ["bool", (value) => (typeof value === "boolean" ? value : undefined)],
    ["string", (value) => (typeof value === "string" ? value : undefined)],
    ["float32", (value) => finite(Math.fround(toFloat(value)))],
    ["float64", (value) => finite(toFloat(value))],
  ]);
  for (const [type, [low, high]] of Object.entries(INTEGERS)) scalars.set(type, integer(low, high));
  const fits = new Map(scalars);
  for (const [type, item] of scalars) fits.set(`[]${type}`, slice(item));
  return fits.set("[]uint8", bytes).set("[]byte", bytes);
}

function integer(low: bigint, high: bigint): Fit {
  const [min, max] = [Number(low), Number(high)];
  return (value) => {
    if (typeof value === "bigint") return value >= low && value <= high ? exact(value) : undefined;
    const fits = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
    return fits ? (value as number) + 0 : undefined; // + 0 makes 0 of -0
  };
}

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Long integer literals are bigints once parsed, of whatever type they are. */
function toFloat(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) + 0 : NaN;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function slice(item: Fit): Fit {
  return (value) => {
    if (!Array.isArray(value) && !(value instanceof Uint8Array)) return undefined;
    const items: unknown[] = [];
    for (const raw of value) items.push(item(raw));
    return items.includes(undefined) ? undefined : items;
  };
}

function bytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  const items = slice(integer(0n, 255n))(value) as readonly number[] | undefined;
  return items && Uint8Array.from(items);
}

/** The value in the form of its type. Throws `WFE_INVALID_VALUE`. */
export function fit(type: string, value: unknown, place: ValuePlace): unknown {
  const fits = FITS.get(type);
  if (fits === undefined) throw unsupported(type, place);
  const fitted = fits(value);
  if (fitted === undefined) throw misfit(type, value, place);
  return fitted;
}

export function unsupported(type: string, place: ValuePlace): Error {
  return invalidValue(place, "", `has the type "${type}", which is not one of the supported types`);
}

function misfit(type: string, value: unknown, place: ValuePlace): Error {
  if (!type.startsWith("[]") || !Array.isArray(value)) return invalidValue(place, "", complaint(type, value));
  const itemType = type === "[]byte" ? "uint8" : type.slice(2);
  const index = Array.from<unknown>(value).findIndex((item) => FITS.get(itemType)?.(item) === undefined);
  return invalidValue(place, step(index), complaint(itemType, value[index]));
}

function complaint(type: string, value: unknown): string {
  const [low, high] = INTEGERS[type] ?? [];
  if (low === undefined || !["number", "bigint"].includes(typeof value))
    return `is ${describe(value)}, not ${type}`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `is ${describe(value)}, ${UNSAFE_INTEGER}`;
  return `is ${describe(value)}; ${type} takes integers from ${low} to ${high}`;
}

/** The last digits of such a number may be rounded already. */
export const UNSAFE_INTEGER = "an integer beyond what a number holds exactly; pass a bigint, or float64(it)";
