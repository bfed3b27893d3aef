import type { Group, TaskState, TaskStatus, TypedValue } from "./backend.ts";
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
import type { Fields } from "./fields.ts";
import { ZERO_TIME, msToEta, parseInstant } from "./instant.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { encodeTyped, readTyped } from "./wire.ts";

/**
 * Task states and groups as machinery's TaskState and GroupMeta JSON, for stores of text. Go's fields come first, as
 * Go writes them; ours follow where they say more, and Go skips them.
 */

const STATE_FIELDS = fieldNames(
  "TaskUUID TaskName State Results Error CreatedAt TTL Revoked Attempt Start Beat Run ExpiresAt Info",
);
const GROUP_FIELDS = fieldNames("GroupUUID TaskUUIDs ChordTriggered Lock CreatedAt TTL Size ExpiresAt");

/**
 * The record of a task. Readers in Go see REVOKED as FAILURE, for they know no other end. Throws `WFE_INVALID_VALUE` if
 * results or info are not JSON.
 */
export function encodeState(state: TaskState): string {
  const revoked = state.status === "REVOKED";
  return (
    `{"TaskUUID":${stringifyJson(state.id)},"TaskName":${stringifyJson(state.name)}` +
    `,"State":"${revoked ? "FAILURE" : state.status}","Results":${encodeResults(state)}` +
    `,"Error":${stringifyJson(state.error)},"CreatedAt":"${msToEta(state.createdAt)}","TTL":0` +
    (revoked ? ',"Revoked":true' : "") +
    extra("Attempt", state.attempt, undefined) +
    extra("Start", state.start, undefined) +
    extra("Beat", state.beat, 0) +
    extra("Run", state.run, "") +
    extra("ExpiresAt", state.expiresAt, Infinity) +
    extra("Info", state.info, undefined) +
    "}"
  );
}

/** As Go does: null where nothing was ever set, but `[]` for a success without results. */
function encodeResults({ results, status }: TaskState): string {
  if (results.length === 0 && status !== "SUCCESS") return "null";
  return `[${results.map((result) => `{${encodeTyped(result)}`).join(",")}]`;
}

/** One of our fields, unless it says no more than its absence. */
function extra(name: string, value: unknown, absent: unknown): string {
  return value === absent || value === undefined ? "" : `,"${name}":${stringifyJson(value)}`;
}

/**
 * The state in such a record. Of one that Go wrote, attempt and start are undefined and `expiresAt` is `Infinity`: only
 * its store knows. Throws `WFE_MALFORMED`, naming the field.
 */
export function decodeState(text: string): TaskState {
  const fields = readFields(parseJson(text), STATE_FIELDS);
  return {
    id: readText(fields.TaskUUID, "TaskUUID"),
    name: readText(fields.TaskName, "TaskName"),
    status: readFlag(fields.Revoked, "Revoked") ? "REVOKED" : readStatus(fields),
    attempt: readOptional(fields.Attempt, "Attempt", undefined),
    start: readOptional(fields.Start, "Start", undefined),
    beat: readInteger(fields.Beat, "Beat"),
    run: readText(fields.Run, "Run"),
    results: readResults(fields.Results),
    error: readText(fields.Error, "Error"),
    createdAt: readCreatedAt(fields),
    expiresAt: readOptional(fields.ExpiresAt, "ExpiresAt", Infinity),
    info: readMap(fields.Info, "Info") ?? undefined,
  };
}

function readResults(raw: unknown): readonly TypedValue[] {
  const results = readList(raw, "Results") ?? [];
  return results.map((result, index) => {
    const { name: _, ...typed } = readTyped(result, { up: undefined, field: "Results", index });
    return typed;
  });
}

const STATUSES = ["PENDING", "RECEIVED", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED"] as const;

function readStatus(fields: Fields): TaskStatus {
  const status = STATUSES.find((known) => known === fields.State);
  if (status === undefined) throw malformed(fields.State, "a state of machinery", undefined, "State");
  return status;
}

function readOptional<T>(raw: unknown, field: string, absent: T): number | T {
  return isAbsent(raw) ? absent : readInteger(raw, field);
}

/** Epoch ms; Go's nanoseconds are cut off. */
function readCreatedAt(fields: Fields): number {
  const ms = parseInstant(readText(fields.CreatedAt, "CreatedAt") || ZERO_TIME, Math.floor);
  if (Number.isNaN(ms)) throw malformed(fields.CreatedAt, "an RFC 3339 time", undefined, "CreatedAt");
  return ms;
}

/** What the record of a group holds. */
export type GroupRecord = Group & { readonly triggered: boolean };

/** The record of a group. One too large to list its members has their number instead. */
export function encodeGroup(group: GroupRecord): string {
  return (
    `{"GroupUUID":${stringifyJson(group.id)},"TaskUUIDs":${stringifyJson(group.memberIds ?? [])}` +
    `,"ChordTriggered":${group.triggered},"Lock":false,"CreatedAt":"${msToEta(group.createdAt)}","TTL":0` +
    (group.memberIds === undefined ? `,"Size":${group.size}` : "") +
    extra("ExpiresAt", group.expiresAt, Infinity) +
    "}"
  );
}

/** The group in such a record; `expiresAt` is `Infinity` in one that Go wrote. Throws `WFE_MALFORMED`, naming the field. */
export function decodeGroup(text: string): GroupRecord {
  const fields = readFields(parseJson(text), GROUP_FIELDS);
  const listed = (readList(fields.TaskUUIDs, "TaskUUIDs") ?? []).map((id, i) =>
    readText(id, `TaskUUIDs[${i}]`),
  );
  const size = readOptional(fields.Size, "Size", undefined);
  return {
    id: readText(fields.GroupUUID, "GroupUUID"),
    size: size ?? listed.length,
    memberIds: size === undefined ? listed : undefined,
    createdAt: readCreatedAt(fields),
    expiresAt: readOptional(fields.ExpiresAt, "ExpiresAt", Infinity),
    triggered: readFlag(fields.ChordTriggered, "ChordTriggered"),
  };
}
