import { WfeError } from "./errors.ts";

/** What a value is, for messages: `{ of: "add() argument", index: 1 }` reads "add() argument 2". */
export interface ValuePlace {
  readonly of: string;
  /** From 0 here, from 1 in messages. */
  readonly index: number;
}

/** `add() argument 2: .items[3].when is a Date; pass toISOString()` */
export function invalidValue({ of, index }: ValuePlace, path: string, complaint: string): WfeError {
  const where = `${of} ${index + 1}${path && ":"}`;
  return new WfeError("WFE_INVALID_VALUE", [where, path, complaint].filter(Boolean).join(" "));
}

/** One step of a path: `[3]`, `.when`, `["in quotes"]`. */
export function step(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Numbers as they are; of all else, which may be secret, only the kind. */
export function describe(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : `an instance of ${classOf(value)}`;
  return typeof value === "string" || typeof value === "function" || typeof value === "symbol"
    ? `a ${typeof value}`
    : String(value);
}

export function classOf(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === "function" ? constructor.name : "";
}
