import type { TypedValue } from "./backend.ts";
import type { Argument, Call } from "./call.ts";
import { WfeError } from "./errors.ts";
import {
  fieldNames,
  isAbsent,
  malformed,
  readFields,
  readFlag,
  readInteger,
  readList,
  readMap,
  readText,
} from "./fields.ts";
import type { At, Fields } from "./fields.ts";
import { parseInstant } from "./instant.ts";
import { parseJson, stringifyJson } from "./json.ts";

/**
 * Calls as machinery's Signature JSON, byte for byte what Go writes for them. Each link of a chain stands inside of the
 * one before it, and chains are longer than the stack is deep; so both directions work in a loop.
 */

const CALL_FIELDS = fieldNames(
  "UUID Name RoutingKey ETA GroupUUID GroupTaskCount Args Headers Priority Immutable RetryCount RetryTimeout OnSuccess " +
    "OnError ChordCallback BrokerMessageGroupId SQSReceiptHandle StopTaskDeletionOnError IgnoreWhenTaskNotRegistered",
);

/** The last one is ours: Go skips it. */
const VALUE_FIELDS = fieldNames("Name Type Value As");

/**
 * The body of a message. Throws `WFE_INVALID_VALUE` if a header or a value is not JSON, `WFE_TOO_LARGE` if it is longer
 * than any text can be.
 */
export function encodeCall(call: Call): string {
  return encode(call, callbackText);
}

type Encoding = string | Call;

function encode(call: Call, encodeCallback: (callback: Call) => Encoding): string {
  const parts: string[] = [];
  const todo: Encoding[] = [call];
  try {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (typeof next === "string") parts.push(next);
      else for (const part of encodeParts(next, encodeCallback).toReversed()) todo.push(part);
    }
    return parts.join(""); // one flat string: a rope of pieces would be several times as large in memory
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `the call of ${call.name} (${call.id}) is too large for a message`;
    throw new WfeError("WFE_TOO_LARGE", message, { cause: error });
  }
}

/** All members of a group carry the same callback: it is written once, not once for each. */
const callbackTexts = new WeakMap<Call, string>();

/** Callbacks of the callback itself are not kept: a chain of groups would keep the text of its rest for each of them. */
function callbackText(callback: Call): string {
  const known = callbackTexts.get(callback);
  if (known !== undefined) return known;
  const text = encode(callback, (inner) => inner);
  callbackTexts.set(callback, text);
  return text;
}

/** The text of a call, with the calls in it as they are. */
function encodeParts(call: Call, encodeCallback: (callback: Call) => Encoding): Encoding[] {
  const head =
    `{"UUID":${stringifyJson(call.id)},"Name":${stringifyJson(call.name)}` +
    `,"RoutingKey":${stringifyJson(call.queue)},"ETA":${stringifyJson(call.eta)}` +
    `,"GroupUUID":${stringifyJson(call.groupId)},"GroupTaskCount":${call.groupSize}` +
    `,"Args":${encodeArguments(call)},"Headers":${stringifyJson(call.headers)}` +
    `,"Priority":${call.priority},"Immutable":${call.immutable}` +
    `,"RetryCount":${call.retryCount},"RetryTimeout":${call.retryTimeoutS},"OnSuccess":`;
  const tail =
    `,"BrokerMessageGroupId":${stringifyJson(call.orderingKey)},"SQSReceiptHandle":${stringifyJson(call.receiptHandle)}` +
    `,"StopTaskDeletionOnError":${call.keepOnError},"IgnoreWhenTaskNotRegistered":${call.ignoreWhenNotRegistered}}`;
  const { onSuccess, onError, chordCallback } = call;
  if (onSuccess === null && onError === null && chordCallback === null) {
    return [head, `null,"OnError":null,"ChordCallback":null${tail}`];
  }
  const callback = chordCallback === null ? "null" : encodeCallback(chordCallback);
  return [
    head,
    ...encodeCalls(onSuccess),
    ',"OnError":',
    ...encodeCalls(onError),
    ',"ChordCallback":',
    callback,
    tail,
  ];
}

function encodeCalls(calls: readonly Call[] | null): readonly Encoding[] {
  return calls === null
    ? ["null"]
    : ["[", ...calls.flatMap((call, i) => (i === 0 ? [call] : [",", call])), "]"];
}

function encodeArguments({ args }: Call): string {
  if (args === null) return "null";
  return `[${args.map((argument) => `{"Name":${stringifyJson(argument.name)},${encodeTyped(argument)}`).join(",")}]`;
}

/** The fields of a typed value, and the end of the object that holds them. */
export function encodeTyped({ type, value, as }: TypedValue): string {
  return `"Type":${stringifyJson(type)},"Value":${stringifyJson(value)}${as === undefined ? "" : `,"As":"${as}"`}}`;
}

/** A call inside of another one, still to be read, and where it goes then. */
interface Pending {
  readonly raw: unknown;
  readonly at: At;
  readonly put: (call: Call) => void;
}

/**
 * The call in the body of a message. Throws `WFE_MALFORMED`, naming the field, for what is none. Whether its name and id
 * are of use is for the worker to say.
 */
export function decodeCall(body: string): Call {
  const todo: Pending[] = [];
  const root = readCall(parseJson(body), undefined, todo);
  for (let next = todo.pop(); next !== undefined; next = todo.pop())
    next.put(readCall(next.raw, next.at, todo));
  return root;
}

function readCall(raw: unknown, at: At | undefined, todo: Pending[]): Call {
  const fields = readFields(raw, CALL_FIELDS, at);
  const call = {
    id: readText(fields.UUID, "UUID", at),
    name: readText(fields.Name, "Name", at),
    queue: readText(fields.RoutingKey, "RoutingKey", at),
    eta: readEta(fields, at),
    groupId: readText(fields.GroupUUID, "GroupUUID", at),
    groupSize: readInteger(fields.GroupTaskCount, "GroupTaskCount", at),
    args: readArguments(fields.Args, at),
    headers: readMap(fields.Headers, "Headers", at),
    priority: readPriority(fields, at),
    immutable: readFlag(fields.Immutable, "Immutable", at),
    retryCount: readInteger(fields.RetryCount, "RetryCount", at),
    retryTimeoutS: readInteger(fields.RetryTimeout, "RetryTimeout", at),
    onSuccess: readCalls(fields.OnSuccess, "OnSuccess", at, todo),
    onError: readCalls(fields.OnError, "OnError", at, todo),
    chordCallback: null as Call | null,
    orderingKey: readText(fields.BrokerMessageGroupId, "BrokerMessageGroupId", at),
    receiptHandle: readText(fields.SQSReceiptHandle, "SQSReceiptHandle", at),
    keepOnError: readFlag(fields.StopTaskDeletionOnError, "StopTaskDeletionOnError", at),
    ignoreWhenNotRegistered: readFlag(fields.IgnoreWhenTaskNotRegistered, "IgnoreWhenTaskNotRegistered", at),
  };
  if (!isAbsent(fields.ChordCallback)) {
    const put = (callback: Call): void => void (call.chordCallback = callback);
    todo.push({ raw: fields.ChordCallback, at: { up: at, field: "ChordCallback" }, put });
  }
  return call;
}

/** The list is filled later, as its calls are read. */
function readCalls(raw: unknown, field: string, at: At | undefined, todo: Pending[]): readonly Call[] | null {
  const items = readList(raw, field, at);
  if (items === null) return null;
  const calls: Call[] = [];
  for (const [index, item] of items.entries()) {
    todo.push({ raw: item, at: { up: at, field, index }, put: (call) => void (calls[index] = call) });
  }
  return calls;
}

function readArguments(raw: unknown, up: At | undefined): readonly Argument[] | null {
  const items = readList(raw, "Args", up);
  return items && items.map((item, index) => readTyped(item, { up, field: "Args", index }));
}

/** An argument, or a result, whose name is "". A null is the zero value, whose type no worker knows. */
export function readTyped(raw: unknown, at: At): Argument {
  const fields = readFields(raw ?? {}, VALUE_FIELDS, at);
  const name = readText(fields.Name, "Name", at);
  const type = readText(fields.Type, "Type", at);
  const value = type.endsWith("float64") || type.endsWith("float32") ? asFloat(fields.Value) : fields.Value;
  const found = { name, type, value: value ?? null };
  return fields.As === "bigint" ? { ...found, as: "bigint" } : found;
}

/** A float that is a large whole number is written like an integer, and would be read as a bigint. */
function asFloat(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asFloat);
  return typeof value === "bigint" ? Number(value) : value;
}

function readEta(fields: Fields, at: At | undefined): string | null {
  const eta = fields.ETA ?? null;
  if (eta === null || (typeof eta === "string" && !Number.isNaN(parseInstant(eta, Math.ceil)))) return eta;
  throw malformed(eta, "an RFC 3339 time", at, "ETA");
}

function readPriority(fields: Fields, at: At | undefined): number {
  const priority = readInteger(fields.Priority, "Priority", at);
  if (priority >= 0 && priority <= 255) return priority;
  throw malformed(priority, "within 0..255", at, "Priority");
}
