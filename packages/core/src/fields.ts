import { WfeError } from "./errors.ts";
import { describe } from "./place.ts";

/**
 * Objects as Go reads them: keys in any case, the last one wins, unknown keys are skipped, and what is missing or null is
 * the zero value of its type. Wrong types throw `WFE_MALFORMED`.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** Field names by their spellings: as they are, and in lower case. */
export type FieldNames = ReadonlyMap<string, string>;

/** Where an object stands, for errors: in this field of `up`. The message itself is `undefined`. */
export interface At {
  readonly up: At | undefined;
  readonly field: string;
  readonly index?: number;
}

/** From names with spaces between them. */
export function fieldNames(names: string): FieldNames {
  return new Map(
    names.split(" ").flatMap((name) => [[name.toLowerCase(), name] as const, [name, name] as const]),
  );
}

/** The object under its proper field names. */
export function readFields(raw: unknown, names: FieldNames, at?: At): Fields {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) throw malformed(raw, "an object", at);
  for (const key in raw) if (names.get(key) !== key) return renameFields(raw, names);
  return raw as Fields;
}

function renameFields(raw: object, names: FieldNames): Fields {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) {
    const name = names.get(key) ?? names.get(key.toLowerCase());
    if (name !== undefined && value !== null) fields[name] = value;
  }
  return fields;
}

export function isAbsent(raw: unknown): raw is null | undefined {
  return raw === null || raw === undefined;
}

export function readText(raw: unknown, field: string, at?: At): string {
  if (typeof raw === "string") return raw;
  if (isAbsent(raw)) return "";
  throw malformed(raw, "a string", at, field);
}

export function readFlag(raw: unknown, field: string, at?: At): boolean {
  if (typeof raw === "boolean") return raw;
  if (isAbsent(raw)) return false;
  throw malformed(raw, "true or false", at, field);
}

export function readInteger(raw: unknown, field: string, at?: At): number {
  if (Number.isSafeInteger(raw)) return raw as number;
  if (isAbsent(raw)) return 0;
  throw malformed(raw, "an integer within ±(2^53 - 1)", at, field);
}

/** Null stays null, for Go tells a nil slice from an empty one. */
export function readList(raw: unknown, field: string, at?: At): readonly unknown[] | null {
  if (isAbsent(raw)) return null;
  if (Array.isArray(raw)) return raw;
  throw malformed(raw, "an array", at, field);
}

export function readMap(raw: unknown, field: string, at?: At): Fields | null {
  if (isAbsent(raw)) return null;
  if (typeof raw === "object" && !Array.isArray(raw)) return raw as Fields;
  throw malformed(raw, "an object", at, field);
}

/** `OnSuccess[0].Priority: 300 is not within 0..255` */
export function malformed(raw: unknown, wanted: string, at?: At, field?: string): WfeError {
  const path = field === undefined ? [] : [field];
  for (let next = at; next !== undefined; next = next.up) {
    path.unshift(path.length < LONGEST_PATH ? stepOf(next) : "…");
    if (path.length > LONGEST_PATH) break;
  }
  const where = path.join(".") || "the message";
  return new WfeError("WFE_MALFORMED", `${where}: ${describe(raw)} is not ${wanted}`);
}

const LONGEST_PATH = 20;

function stepOf({ field, index }: At): string {
  return index === undefined ? field : `${field}[${index}]`;
}
