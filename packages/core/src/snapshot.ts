import { classOf, describe, invalidValue, step } from "./place.ts";
import type { ValuePlace } from "./place.ts";

const DEEPEST = 500; // far less than what JSON.stringify takes

const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["Date", "pass toISOString()"],
  ["Map", "pass Object.fromEntries(it)"],
  ["Set", "pass [...it]"],
  ["Promise", "await it"],
  ["Error", "pass its message"],
  ["ArrayBuffer", "pass new Uint8Array(it)"],
  ["Uint8Array", "pass it as an argument of its own"],
  ["Buffer", "pass it as an argument of its own"],
  ["undefined", "leave it out or pass null"],
  ["number", "pass a string or null"],
  ["bigint", "pass a string, or the bigint as an argument of its own"],
]);

/** What becomes of integers beyond ±(2^53 − 1), which parsed JSON holds as bigint. */
export type Unsafe = "refuse" | "bigint";

interface Rules {
  readonly place: ValuePlace;
  readonly unsafe: Unsafe;
}

/** The containers above a value, for its path and to find cycles. */
interface Container {
  readonly value: object;
  readonly up: Container | undefined;
  /** In `up`. */
  readonly key: string | number;
  readonly depth: number;
}

/**
 * A deep copy of plain data, so that nobody can change a value once it was sent or stored: null, booleans, strings,
 * finite numbers, arrays, and plain objects with their enumerable string keys. Throws `WFE_INVALID_VALUE`, with the path
 * and a remedy, for all that JSON would drop or change, for cycles, and beyond 500 levels.
 */
export function snapshot(value: unknown, place: ValuePlace, unsafe: Unsafe): unknown {
  return copy(value, { place, unsafe }, undefined, "");
}

function copy(value: unknown, rules: Rules, up: Container | undefined, key: string | number): unknown {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && isCarried(value)) return value + 0; // + 0 makes 0 of -0
  if (typeof value === "bigint" && rules.unsafe === "bigint") return value;
  if (typeof value !== "object") throw refusal(value, rules, up, key);
  const here: Container = { value, up, key, depth: (up?.depth ?? 0) + 1 };
  if (here.depth > DEEPEST || isInside(value, up) || !isPlain(value)) throw refusal(value, rules, up, key);
  return Array.isArray(value) ? copyArray(value, rules, here) : copyObject(value, rules, here);
}

/** Integers from 2^53 on are rounded already, and come back as bigint, unless JSON writes them with an exponent. */
function isCarried(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !looksExact(value));
}

/** JSON writes it as bare digits, as if it were exact; from 1e21 on it writes an exponent. */
export function looksExact(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) < 1e21;
}

function isInside(value: object, up: Container | undefined): boolean {
  for (let next = up; next !== undefined; next = next.up) if (next.value === value) return true;
  return false;
}

/** Arrays, literals of any realm, and objects without a prototype, but no instances of a class. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) || prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null;
}

function copyArray(array: readonly unknown[], rules: Rules, here: Container): unknown[] {
  const result: unknown[] = [];
  for (let i = 0; i < array.length; i++) result.push(copy(array[i], rules, here, i));
  return result;
}

function copyObject(object: object, rules: Rules, here: Container): object {
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(object)) {
    const value = copy(item, rules, here, key);
    if (key !== "__proto__") result[key] = value;
    else Object.defineProperty(result, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return result;
}

function refusal(value: unknown, { place }: Rules, up: Container | undefined, key: string | number): Error {
  let path = up === undefined ? "" : step(key);
  for (let next = up; next?.up !== undefined; next = next.up) path = step(next.key) + path;
  return invalidValue(place, path, complaint(value, up));
}

function complaint(value: unknown, up: Container | undefined): string {
  if (typeof value === "object" && value !== null) {
    if (isInside(value, up)) return "is the object that it stands in (a cycle); pass a copy without it";
    if (isPlain(value)) return `is nested deeper than ${DEEPEST} levels; pass flatter data`;
    return `is ${describe(value)}; ${REMEDIES.get(classOf(value)) ?? "pass plain data"}`;
  }
  const exact = looksExact(value) ? ", an integer beyond what a number holds exactly" : "";
  const kind = typeof value === "bigint" ? "a bigint inside of JSON" : describe(value);
  return `is ${kind}${exact}; ${REMEDIES.get(typeof value) ?? "pass plain data"}`;
}
