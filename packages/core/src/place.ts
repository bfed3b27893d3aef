import { WfeError } from "./errors.ts";

/** What a value is, for messages: `{ of: "add() argument", index: 1 }` reads "add() argument 2". */
export interface ValuePlace {
  readonly of: string;
  /** From 0 here, from 1 in messages. */
  readonly index: number;
}

/** `add() argument 2: .items[3].when is a Date; pass toISOString()` */
export function invalidValue({ of, index }: ValuePlace, path: string, complaint: string): WfeError {
  const where = `${of} ${index + 1}${path === "" ? "" : `: ${path}`}`;
  return new WfeError("WFE_INVALID_VALUE", `${where} ${complaint}`);
}

/** One step of a path: `[3]`, `.when`, `["in quotes"]`. */
export function step(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Numbers as they are; of all else, which may be secret, only the kind. */
export function describe(value: unknown): string {
  const kind = typeof value;
  if (value === null || !["object", "string", "function", "symbol"].includes(kind)) return String(value);
  const name = kind === "object" ? classOf(value) : kind;
  return `${/^[AEIOaeio]/.test(name) ? "an" : "a"} ${name}`;
}

/** The name of a value's class; "object" for plain ones. */
export function classOf(value: unknown): string {
  const { constructor } = value as { readonly constructor?: unknown };
  const name = typeof constructor === "function" ? constructor.name : "";
  return name === "" || name === "Object" ? "object" : name === "Array" ? "array" : name;
}
