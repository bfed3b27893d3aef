import type { TypedValue } from "./backend.ts";
import { UNSAFE_INTEGER, fit, unsupported } from "./fit.ts";
import { invalidValue, step } from "./place.ts";
import type { ValuePlace } from "./place.ts";
import { looksExact, snapshot } from "./snapshot.ts";
import type { Unsafe } from "./snapshot.ts";
import { Typed } from "./typed.ts";
import type { ValueType } from "./typed.ts";

/**
 * Values as machinery carries them: a type name and JSON (`{ Type: "int64", Value: 2 }`). What is encoded here is
 * decoded as an equal value, or refused with its path; nothing is wrapped, cut or rounded in silence, but
 * `float32`, whose meaning it is, and -0, which becomes 0.
 */

/**
 * The value with the type that was stated with it, or declared for it, or else inferred: integers `int64`, other
 * numbers `float64`, bigints `int64` or `uint64`, strings, booleans, `Uint8Array` as `[]uint8`, non-empty arrays
 * of one of these as slices, and all other plain data as `json`. A copy: later changes of `value` do not reach it.
 * Throws `WFE_INVALID_VALUE` for what cannot be carried without loss; `undefined` is for the caller to leave out.
 */
export function encodeValue(value: unknown, place: ValuePlace, declared?: ValueType): TypedValue {
  if (value instanceof Typed) return encodeAs(value.type, value.value, place);
  return declared === undefined ? infer(value, place) : encodeAs(declared, value, place);
}

function infer(value: unknown, place: ValuePlace): TypedValue {
  if (typeof value === "number") return inferNumber(value, place);
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "bool", value };
  return encodeAs(typeOf(value), value, place);
}

function inferNumber(value: number, place: ValuePlace): TypedValue {
  if (Number.isSafeInteger(value)) return { type: "int64", value: value + 0 }; // + 0 makes 0 of -0
  if (looksExact(value)) throw invalidValue(place, "", `is ${value}, ${UNSAFE_INTEGER}`);
  return encodeAs("float64", value, place);
}

const SLICES: ReadonlyMap<string, ValueType> = new Map([
  ["string", "[]string"],
  ["boolean", "[]bool"],
  ["bigint", "[]bigint"],
]);

function typeOf(value: unknown): ValueType {
  if (typeof value === "bigint") return "bigint";
  if (value instanceof Uint8Array) return "[]uint8";
  if (!Array.isArray(value)) return "json";
  const kind = typeof value[0];
  for (const item of value) if (typeof item !== kind) return "json";
  if (kind === "number") return value.every(looksExact) ? "[]int64" : "[]float64";
  return SLICES.get(kind) ?? "json";
}

function encodeAs(type: ValueType, value: unknown, place: ValuePlace): TypedValue {
  if (type === "json") return { type, value: snapshot(value, place, "refuse") };
  const fitted = fit(type, value, place);
  if (fitted instanceof Uint8Array) return { type: "[]uint8", value: Buffer.from(fitted).toString("base64") };
  if (!type.endsWith("bigint") && !holdsBigint(value)) return { type, value: fitted };
  if (type.includes("float")) throw invalidValue(place, "", `holds a bigint; ${type} would round it`);
  const wireType = type.replace("bigint", isInt64(fitted) ? "int64" : "uint64");
  return { type: wireType, value: fit(wireType, fitted, place), as: "bigint" };
}

function holdsBigint(value: unknown): boolean {
  return Array.isArray(value) ? value.some(holdsBigint) : typeof value === "bigint";
}

function isInt64(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isInt64) : (value as number | bigint) < 2n ** 63n;
}

/**
 * The value of a message or a result, in the form of its type, or of the `declared` one if that can hold it too (2 of
 * `int64` is a `float64`). Integers beyond ±(2^53 − 1) come as bigint where a bigint was sent or is declared; elsewhere
 * they are refused, or come as bigint nevertheless if `unsafe` says so. A copy, as with `encodeValue`.
 * Throws `WFE_INVALID_VALUE`, and nothing else, whatever stands in the message.
 */
export function decodeValue(
  stored: TypedValue,
  place: ValuePlace,
  declared?: ValueType,
  unsafe: Unsafe = "refuse",
): unknown {
  if (declared === undefined || declared === "json") {
    const value = fromWire(stored, place, unsafe);
    return stored.as === "bigint" ? toBigint(value) : checkUnsafe(value, place, unsafe);
  }
  const sent = fromWire(stored, place, "bigint");
  const value = declared === stored.type ? sent : fit(declared, sent, place);
  return declared.endsWith("bigint") ? toBigint(value) : checkUnsafe(value, place, unsafe);
}

function fromWire({ type, value }: TypedValue, place: ValuePlace, unsafe: Unsafe): unknown {
  if (type === "json") return snapshot(value, place, unsafe);
  if (type.endsWith("bigint")) throw unsupported(type, place);
  if (value === null && type.startsWith("[]")) return fit(type, [], place);
  if (typeof value === "string" && UNSIGNED_SLICE.test(type))
    return fit(type, fromBase64(value, place), place);
  return fit(type, value, place);
}

/** Go reads a string for any of these as the base64 of bytes. */
const UNSIGNED_SLICE = /^\[\](?:uint|byte)/;

/** Go takes exactly this alphabet, with padding, and skips line ends. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function fromBase64(text: string, place: ValuePlace): Uint8Array {
  const packed = text.replaceAll(/[\r\n]+/g, "");
  if (packed.length % 4 !== 0 || !BASE64.test(packed))
    throw invalidValue(place, "", "is a string, but not base64");
  return Buffer.from(packed, "base64");
}

function toBigint(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBigint);
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

function checkUnsafe(value: unknown, place: ValuePlace, unsafe: Unsafe): unknown {
  if (unsafe === "bigint") return value;
  if (typeof value === "bigint") throw invalidValue(place, "", `is ${value}; ${DECLARE} bigint`);
  if (!Array.isArray(value)) return value;
  const index = value.findIndex((item) => typeof item === "bigint");
  if (index >= 0) throw invalidValue(place, step(index), `is ${value[index]}; ${DECLARE} []bigint`);
  return value;
}

const DECLARE = "a number cannot hold that exactly, so declare it as";
