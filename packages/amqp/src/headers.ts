type Table = Readonly<Record<string, unknown>>;

/** Our mark on a copy of a message that somebody may have had before. */
export const REDELIVERED = "wfe-redelivered";

/** The server would route by these. */
const ROUTING = new Set(["CC", "BCC", REDELIVERED]);
/** Frames are limited, and the body has all of them anyway. */
const MOST_CHARACTERS = 16_384;

/** What an AMQP table can carry of these headers; undefined where that is nothing, or too much. */
export function tableOf(headers: Table | undefined): Table | undefined {
  if (headers === undefined) return undefined;
  const table = entries(headers, 0);
  const size = Object.keys(table).length;
  return size === 0 || JSON.stringify(table).length > MOST_CHARACTERS ? undefined : table;
}

const DEEPEST = 8;

function entries(object: object, depth: number): Table {
  const fit = Object.entries(object).flatMap(([name, value]) => {
    if (ROUTING.has(name) || Buffer.byteLength(name) > 128) return [];
    const field = fieldOf(value, depth);
    return field === undefined ? [] : [[name, field]];
  });
  return Object.fromEntries(fit) as Table;
}

function fieldOf(value: unknown, depth: number): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return numberOf(value);
  if (typeof value !== "object" || depth >= DEEPEST || "!" in value) return undefined; // "!" means a type to amqplib
  if (Array.isArray(value)) return value.map((item) => fieldOf(item, depth + 1) ?? null);
  return entries(value, depth + 1);
}

function numberOf(value: number): unknown {
  if (Number.isSafeInteger(value) || !Number.isInteger(value))
    return Number.isFinite(value) ? value : undefined;
  return { "!": "double", value };
}
