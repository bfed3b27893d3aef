import type { TaskState } from "../src/backend.ts";
import type { Call } from "../src/call.ts";
import { decodeCall } from "../src/wire.ts";

/** A call with all its fields, as if it had come in a message. */
export function call(more: Partial<Call> = {}): Call {
  return { ...decodeCall('{"UUID":"id","Name":"task"}'), ...more };
}

export function state(more: Partial<TaskState> = {}): TaskState {
  return {
    id: "id",
    name: "task",
    status: "PENDING",
    attempt: 0,
    start: 0,
    beat: 0,
    run: "",
    results: [],
    error: "",
    createdAt: 0,
    expiresAt: 1e15,
    ...more,
  };
}
