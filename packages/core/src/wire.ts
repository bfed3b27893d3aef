import type { TypedValue } from "./backend.ts";
import type { Argument, Call, Headers } from "./call.ts";
import { fieldNames, malformed, readFields, readFlag, readInteger, readList, readMap, readText } from "./fields.ts";
import type { At } from "./fields.ts";
import { parseInstant } from "./instant.ts";
import { parseJson, stringifyJson } from "./json.ts";

export { etaToMs, msToEta } from "./instant.ts";

/**
 * Calls as machinery's Signature JSON, byte for byte what Go writes for the same call. Both directions work in a
 * loop: each link of a chain stands inside of the one before it, and chains may be longer than the stack is deep.
 */

const CALL_FIELDS = fieldNames(
  "UUID",
  "Name",
  "RoutingKey",
  "ETA",
  "GroupUUID",
  "GroupTaskCount",
  "Args",
  "Headers",
  "Priority",
  "Immutable",
  "RetryCount",
  "RetryTimeout",
  "OnSuccess",
  "OnError",
  "ChordCallback",
  "BrokerMessageGroupId",
  "SQSReceiptHandle",
  "StopTaskDeletionOnError",
  "IgnoreWhenTaskNotRegistered",
);

/** Machinery's fields, and ours for what a type cannot say. */
const VALUE_FIELDS = fieldNames("Name", "Type", "Value", "As");

/** The body of a message. Throws `WFE_INVALID_VALUE` if headers or values are not JSON. */
export function encodeCall(call: Call): string {
  let body = "";
  const todo: (string | Call)[] = [call];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (typeof next === "string") body += next;
    else pushParts(todo, next);
  }
  return body;
}

/** Last part first, for the next one is taken from the end. */
function pushParts(todo: (string | Call)[], call: Call): void {
  todo.push(tail(call));
  if (call.chordCallback === null) todo.push("null");
  else todo.push(call.chordCallback);
  todo.push(',"ChordCallback":');
  pushList(todo, call.onError);
  todo.push(',"OnError":');
  pushList(todo, call.onSuccess);
  todo.push(head(call));
}

function pushList(todo: (string | Call)[], calls: readonly Call[] | null): void {
  if (calls === null) return void todo.push("null");
  todo.push("]");
  for (let i = calls.length - 1; i >= 0; i--) {
    todo.push(calls[i] as Call);
    if (i > 0) todo.push(",");
  }
  todo.push("[");
}

function head(call: Call): string {
  return (
    `{"UUID":${stringifyJson(call.id)},"Name":${stringifyJson(call.name)}` +
    `,"RoutingKey":${stringifyJson(call.queue)},"ETA":${stringifyJson(call.eta)}` +
    `,"GroupUUID":${stringifyJson(call.groupId)},"GroupTaskCount":${call.groupSize}` +
    `,"Args":${encodeList(call.args, encodeArgument)},"Headers":${encodeHeaders(call.headers)}` +
    `,"Priority":${call.priority},"Immutable":${call.immutable}` +
    `,"RetryCount":${call.retryCount},"RetryTimeout":${call.retryTimeoutS},"OnSuccess":`
  );
}

function tail(call: Call): string {
  return (
    `,"BrokerMessageGroupId":${stringifyJson(call.orderingKey)}` +
    `,"SQSReceiptHandle":${stringifyJson(call.receiptHandle)}` +
    `,"StopTaskDeletionOnError":${call.keepOnError}` +
    `,"IgnoreWhenTaskNotRegistered":${call.ignoreWhenNotRegistered}}`
  );
}

function encodeList<T>(items: readonly T[] | null, encode: (item: T) => string): string {
  return items === null ? "null" : `[${items.map(encode).join(",")}]`;
}

function encodeArgument(argument: Argument): string {
  return `{"Name":${stringifyJson(argument.name)},${encodeTyped(argument)}`;
}

/** The fields of a typed value, and the end of the object that holds them. */
export function encodeTyped({ type, value, as }: TypedValue): string {
  const known = `"Type":${stringifyJson(type)},"Value":${stringifyJson(value)}`;
  return as === undefined ? `${known}}` : `${known},"As":${stringifyJson(as)}}`;
}

function encodeHeaders(headers: Headers | null): string {
  return headers === null ? "null" : stringifyJson(headers);
}

/** A nested call that is still to be read, and where it goes. */
interface Pending {
  readonly raw: unknown;
  readonly at: At;
  readonly put: (call: Call) => void;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The call in the body of a message, with keys in any case, and what is missing or null as Go's zero value.
 * Throws `WFE_MALFORMED`, naming the field, for all that is no call. Whether its name and id are usable is for the
 * worker to say.
 */
export function decodeCall(body: string): Call {
  const todo: Pending[] = [];
  const root = readCall(parseJson(body), undefined, todo);
  for (let i = 0; i < todo.length; i++) {
    const { raw, at, put } = todo[i] as Pending;
    put(readCall(raw, at, todo));
  }
  return root;
}

function readCall(raw: unknown, at: At | undefined, todo: Pending[]): Call {
  const fields = readFields(raw, CALL_FIELDS, at);
  const call: Writable<Call> = {
    id: readText(fields.UUID, "UUID", at),
    name: readText(fields.Name, "Name", at),
    queue: readText(fields.RoutingKey, "RoutingKey", at),
    eta: readEta(fields.ETA, at),
    groupId: readText(fields.GroupUUID, "GroupUUID", at),
    groupSize: readInteger(fields.GroupTaskCount, "GroupTaskCount", at),
    args: readList(fields.Args, "Args", at)?.map((item, i) => readArgument(item, i, at)) ?? null,
    headers: readMap(fields.Headers, "Headers", at),
    priority: readPriority(fields.Priority, at),
    immutable: readFlag(fields.Immutable, "Immutable", at),
    retryCount: readInteger(fields.RetryCount, "RetryCount", at),
    retryTimeoutS: readInteger(fields.RetryTimeout, "RetryTimeout", at),
    onSuccess: readCalls(fields.OnSuccess, "OnSuccess", at, todo),
    onError: readCalls(fields.OnError, "OnError", at, todo),
    chordCallback: null,
    orderingKey: readText(fields.BrokerMessageGroupId, "BrokerMessageGroupId", at),
    receiptHandle: readText(fields.SQSReceiptHandle, "SQSReceiptHandle", at),
    keepOnError: readFlag(fields.StopTaskDeletionOnError, "StopTaskDeletionOnError", at),
    ignoreWhenNotRegistered: readFlag(fields.IgnoreWhenTaskNotRegistered, "IgnoreWhenTaskNotRegistered", at),
  };
  if (fields.ChordCallback !== null && fields.ChordCallback !== undefined) {
    const put = (callback: Call): void => void (call.chordCallback = callback);
    todo.push({ raw: fields.ChordCallback, at: { up: at, field: "ChordCallback", index: undefined }, put });
  }
  return call;
}

/** The calls come later; they are read in the order in which they are put down here. */
function readCalls(raw: unknown, field: string, at: At | undefined, todo: Pending[]): readonly Call[] | null {
  const items = readList(raw, field, at);
  if (items === null) return null;
  const calls: Call[] = [];
  const put = (call: Call): void => void calls.push(call);
  for (const [index, item] of items.entries()) todo.push({ raw: item, at: { up: at, field, index }, put });
  return calls;
}

function readArgument(raw: unknown, index: number, up: At | undefined): Argument {
  const at = { up, field: "Args", index };
  const fields = readFields(raw ?? {}, VALUE_FIELDS, at);
  const name = readText(fields.Name, "Name", at);
  const type = readText(fields.Type, "Type", at);
  const value = fields.Value ?? null;
  return fields.As === "bigint" ? { name, type, value, as: "bigint" } : { name, type, value };
}

/** The typed value that stands in a list of `field`. */
export function readTyped(raw: unknown, field: string, index: number): TypedValue {
  const at = { up: undefined, field, index };
  const fields = readFields(raw ?? {}, VALUE_FIELDS, at);
  const type = readText(fields.Type, "Type", at);
  const value = fields.Value ?? null;
  return fields.As === "bigint" ? { type, value, as: "bigint" } : { type, value };
}

function readEta(raw: unknown, at: At | undefined): string | null {
  if (raw === null || raw === undefined) return null;
  if (typeof raw === "string" && !Number.isNaN(parseInstant(raw))) return raw;
  throw malformed(raw, "an RFC 3339 time", at, "ETA");
}

function readPriority(raw: unknown, at: At | undefined): number {
  const priority = readInteger(raw, "Priority", at);
  if (priority >= 0 && priority <= 255) return priority;
  throw malformed(raw, "within 0..255", at, "Priority");
}
