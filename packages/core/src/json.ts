import { WfeError, errorText } from "./errors.ts";

/**
 * JSON as Go writes it, and lossless for integers of any size: those beyond ±(2^53 − 1) are `bigint` here and bare
 * digits there.
 */

/** A text without this holds no unsafe integer. Some strings have it too, which costs only time. */
const MAYBE_UNSAFE = /(?:^|[-:,[\s])\d{16}/;

/** The tokens to mark: escapes, quotes (with the colon that makes a key), and integer literals of 16 digits or more. */
const TOKENS = /\\.|"(\s*:)?|(?<![\w.+-])-?[1-9]\d{15,}(?![\d.eE])/g;

/** Nothing here needs escaping. In longer strings JSON.stringify finds that out faster. */
const SHORT_AND_PLAIN = /^[\x20\x21\x23-\x25\x27-\x3b\x3d\x3f-\x5b\x5d-\x7e]{0,64}$/;

/** Go escapes these too, so that its JSON can stand inside of HTML and JavaScript. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/;
const EACH_ESCAPED_BY_GO = new RegExp(ESCAPED_BY_GO, "g");

/** In Node since version 21; TypeScript's library does not have it yet. */
const { rawJSON } = JSON as typeof JSON & { readonly rawJSON: (text: string) => object };

type Container = Record<string, unknown>;

/**
 * The one value that `text` holds, its integers beyond ±(2^53 − 1) as `bigint`. Takes any depth. Throws `WFE_MALFORMED`
 * for anything else, also for text after the value, which Go ignores.
 */
export function parseJson(text: string): unknown {
  const value = parse(text);
  if (!MAYBE_UNSAFE.test(text)) return value;
  // A reviver could see the source of numbers, but it recurses, and 1,400 links of a chain would be too deep for it.
  // So strings and long integers are marked in the text, and the marks are taken off in a loop.
  const holder: Container = { value: parse(markValues(text)) };
  const todo = [holder];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) unmarkItems(next, todo);
  return holder.value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WfeError("WFE_MALFORMED", `not JSON: ${errorText(error)}`, { cause: error });
  }
}

/** Every string that is no key ends in "s" then, and every long integer is a string that ends in "n". */
function markValues(text: string): string {
  let inString = false;
  return text.replace(TOKENS, (token, colon: string | undefined) => {
    if (!token.startsWith('"')) return inString ? token : `"${token}n"`; // escapes stand in strings only
    inString = !inString;
    return inString || colon !== undefined ? token : `s${token}`;
  });
}

function unmarkItems(container: Container, todo: Container[]): void {
  for (const key of Object.keys(container)) {
    const value = container[key];
    if (typeof value === "string") container[key] = unmark(value);
    else if (typeof value === "object" && value !== null) todo.push(value as Container);
  }
}

function unmark(marked: string): unknown {
  const text = marked.slice(0, -1);
  if (marked.endsWith("s")) return text;
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

/**
 * The bytes that Go writes for the same value (but keys in their own order), `bigint` as bare digits. What JSON drops in
 * silence is for `encodeValue` to refuse. Throws `WFE_INVALID_VALUE` for what JSON cannot hold at all.
 */
export function stringifyJson(value: unknown): string {
  if (typeof value === "string" && SHORT_AND_PLAIN.test(value)) return `"${value}"`;
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return String(value);
  // A program may have defined BigInt.prototype.toJSON for its own JSON; here it must not turn digits into a string.
  const text = stringify(value, "toJSON" in BigInt.prototype ? rawBigint : undefined);
  return ESCAPED_BY_GO.test(text) ? text.replace(EACH_ESCAPED_BY_GO, escapeForGo) : text;
}

function stringify(value: unknown, replacer: typeof rawBigint | undefined): string {
  try {
    const text = JSON.stringify(value, replacer) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    if (replacer === undefined) return stringify(value, rawBigint);
    throw new WfeError("WFE_INVALID_VALUE", `cannot be written as JSON: ${errorText(error)}`, {
      cause: error,
    });
  }
  throw new WfeError("WFE_INVALID_VALUE", `${typeof value} cannot be written as JSON`);
}

function rawBigint(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Container)[key];
  return typeof original === "bigint" ? rawJSON(String(original)) : value;
}

function escapeForGo(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
