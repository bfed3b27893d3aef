import { classOf, describe, invalidValue, step } from "./place.ts";
import type { ValuePlace } from "./place.ts";

/**
 * Copies of plain data, so that nobody can change a value after it was sent or stored. What JSON would drop or
 * change without a word is refused, with the path to it and a remedy.
 */

const DEEPEST = 500; // far below where recursion, here or in JSON.stringify, runs out of stack

/** From here up to 1e21, where JSON begins to write exponents, a number looks like an integer it is not sure to be. */
const UNSAFE = 2 ** 53;
const EXPONENT = 1e21;

const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["Date", "pass toISOString()"],
  ["Map", "pass Object.fromEntries(it) or [...it]"],
  ["Set", "pass [...it]"],
  ["Promise", "await it"],
  ["Error", "pass its message"],
  ["URL", "pass its href"],
  ["RegExp", "pass its source"],
  ["ArrayBuffer", "pass new Uint8Array(it)"],
  ["Uint8Array", "pass it as an argument of its own, or toString(\"base64\")"],
  ["Buffer", "pass it as an argument of its own, or toString(\"base64\")"],
]);

/** The way back to the root, for messages only. */
interface Step {
  readonly up: Step | undefined;
  readonly key: string | number;
  readonly value: object;
  readonly depth: number;
}

/** What becomes of integers beyond ±(2^53 − 1): the one thing that parsed JSON may hold and a caller's may not. */
export type Unsafe = "refuse" | "bigint";

interface Rules {
  readonly place: ValuePlace;
  readonly unsafe: Unsafe;
}

/**
 * A deep copy of JSON data: null, booleans, strings, finite numbers, arrays and plain objects (their enumerable
 * string keys). Throws `WFE_INVALID_VALUE` for everything else, for cycles and for more than 500 levels.
 */
export function snapshot(value: unknown, place: ValuePlace, unsafe: Unsafe): unknown {
  return copy(value, { place, unsafe }, undefined, "");
}

function copy(value: unknown, rules: Rules, up: Step | undefined, key: string | number): unknown {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number" && isCarried(value)) return value + 0; // + 0: -0 is 0
  if (typeof value === "bigint" && rules.unsafe === "bigint") return value;
  if (typeof value !== "object") throw refusal(value, rules, up, key);
  const here: Step = { up, key, value, depth: (up?.depth ?? 0) + 1 };
  if (here.depth > DEEPEST) throw tooDeep(rules, here);
  if (Array.isArray(value)) return copyArray(value, rules, here);
  if (isPlain(value)) return copyObject(value, rules, here);
  throw refusal(value, rules, up, key);
}

/** Every number that JSON brings back as it was. */
function isCarried(value: number): boolean {
  const size = Math.abs(value);
  return size < UNSAFE || !Number.isInteger(value) ? size < Infinity : size >= EXPONENT;
}

function copyArray(array: readonly unknown[], rules: Rules, here: Step): unknown[] {
  const result: unknown[] = [];
  for (let i = 0; i < array.length; i++) result.push(copy(array[i], rules, here, i));
  return result;
}

function copyObject(object: object, rules: Rules, here: Step): object {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const copied = copy(value, rules, here, key);
    if (key === "__proto__") Object.defineProperty(result, key, { ...OWN, value: copied });
    else result[key] = copied;
  }
  return result;
}

const OWN = { enumerable: true, writable: true, configurable: true };

/** Literals of any realm and objects without a prototype, but no instances of a class. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function pathTo(here: Step | undefined): string {
  const steps: string[] = [];
  for (let next = here; next?.up !== undefined; next = next.up) steps.push(step(next.key));
  return steps.reverse().join("");
}

function refusal(value: unknown, { place }: Rules, up: Step | undefined, key: string | number): Error {
  const path = up === undefined ? "" : pathTo(up) + step(key);
  if (Array.isArray(up?.value) && !(key in up.value)) return invalidValue(place, path, "is missing; pass null");
  return invalidValue(place, path, `is ${describe(value)}${remedy(value)}`);
}

/** Only a cycle or a list of lists of lists … gets here, so the search may cost something. */
function tooDeep({ place }: Rules, deepest: Step): Error {
  const path: Step[] = [];
  for (let next: Step | undefined = deepest; next !== undefined; next = next.up) path.unshift(next);
  const again = path.find((here, i) => path.findIndex(({ value }) => value === here.value) < i);
  if (again === undefined) return invalidValue(place, "", `is nested deeper than ${DEEPEST} levels; pass flatter data`);
  const first = path.find(({ value }) => value === again.value);
  return invalidValue(place, pathTo(again), `is a cycle: it is the same object as ${pathTo(first) || "the whole"}`);
}

function remedy(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "; leave it out or pass null";
    case "number":
      return Number.isFinite(value) ? ", an integer that a number cannot hold exactly; pass a string" : "; pass null";
    case "bigint":
      return ", a bigint inside of JSON; pass a string, or the bigint as an argument of its own";
    case "object":
      return `; ${REMEDIES.get(classOf(value as object)) ?? "pass plain data"}`;
    default:
      return "; pass plain data";
  }
}
