import { describe, expect, it } from "vitest";
import type { Call } from "../src/call.ts";
import { compile } from "../src/compile.ts";
import { exponential } from "../src/retry.ts";
import { createCreator } from "../src/tasks.ts";
import { encodeCall } from "../src/wire.ts";
import { chain, chord, group } from "../src/workflow.ts";
import type { Workflow } from "../src/workflow.ts";

const add = createCreator("add");
const multiply = createCreator("multiply");
const NOW = Date.UTC(2025, 0, 1);

function first(node: unknown): Call {
  return compile(node as Workflow, { rootId: "p", now: NOW, groupExpiresAt: NOW + 1 }).heads[0] as Call;
}

describe("the flag Immutable, as Go reads it", () => {
  const silent = multiply(4).set({ immutable: true });

  it("is set on the link whose next one takes nothing", () => {
    const head = first(chain(add(1, 1), silent as never));
    expect(head.immutable).toBe(true);
    expect(head.headers).not.toHaveProperty("wfe-immutable");
    expect(head.onSuccess?.[0]?.headers).toHaveProperty("wfe-immutable");
  });

  it("is set on a chord's callback that takes nothing", () => {
    expect(first(chord(group(add(1, 1)), silent)).chordCallback?.immutable).toBe(true);
  });

  it("is not set on a chord's callback that takes results, though the link after it takes none", () => {
    const head = first(chain(chord(group(add(1, 1)), multiply()), silent as never));
    expect(head.chordCallback?.immutable).toBe(false);
  });

  it("is not set where only some of what follows takes nothing", () => {
    const head = first(chain(add(1, 1), group(silent, multiply()) as never));
    expect(head.immutable).toBe(false);
  });
});

describe("options", () => {
  it("travel in the fields that Go has, and else in headers", () => {
    const call = first(
      add(1).set({
        queue: "q",
        priority: 5,
        retries: 3,
        retryTimeoutS: 10,
        keepOnError: true,
        ignoreWhenNotRegistered: true,
        orderingKey: "k",
        headers: { tenant: "acme" },
        timeoutMs: 50,
        delayMs: 7,
        collect: true,
        backoff: exponential({ baseMs: 10, maxMs: 100 }),
      }),
    );
    expect(call).toMatchObject({
      queue: "q",
      priority: 5,
      retryCount: 3,
      retryTimeoutS: 10,
      keepOnError: true,
      ignoreWhenNotRegistered: true,
      orderingKey: "k",
      headers: {
        tenant: "acme",
        "wfe-timeout": "50",
        "wfe-delay": "7",
        "wfe-collect": "1",
        "wfe-backoff": "exponential 10 100 jitter",
      },
    });
  });

  it("write a moment to come as ETA, and none for a past one", () => {
    expect(first(add(1).set({ notBefore: NOW + 1500 })).eta).toMatch(/^2025-01-01T00:00:01\.5/);
    expect(first(add(1).set({ notBefore: new Date(NOW + 1500) })).eta).toMatch(/^2025-01-01T00:00:01\.5/);
    expect(first(add(1).set({ notBefore: NOW - 1 })).eta).toBeNull();
  });

  it("give callbacks ids of their own, and let only those that will run wait as PENDING", () => {
    const node = add(1, 1).set({
      onSuccess: [multiply(2) as never],
      onError: [add(3) as never, add(4) as never],
    });
    const { heads, calls } = compile(node, { rootId: "p", now: NOW, groupExpiresAt: NOW });
    expect(heads[0]?.onSuccess?.map((call) => call.id)).toEqual(["p.s0"]);
    expect(heads[0]?.onError?.map((call) => call.id)).toEqual(["p.e0", "p.e1"]);
    expect(calls.map((call) => call.id).toSorted()).toEqual(["p", "p.s0"]);
  });
});

/** Without what we add and what a build cannot share: the shape that is left. */
function shape(text: string): unknown {
  const ours = (key: string, value: unknown): unknown => {
    if (key === "UUID" || key === "GroupUUID") return value === "" ? "" : "id";
    if (key === "RoutingKey" || key === "Headers") return undefined;
    return value;
  };
  return JSON.parse(text, ours);
}

describe("the shape on the wire is Go's", () => {
  const blank = {
    ETA: null,
    GroupTaskCount: 0,
    GroupUUID: "",
    Priority: 0,
    Immutable: false,
    RetryCount: 0,
    RetryTimeout: 0,
    OnSuccess: null,
    OnError: null,
    ChordCallback: null,
    BrokerMessageGroupId: "",
    SQSReceiptHandle: "",
    StopTaskDeletionOnError: false,
    IgnoreWhenTaskNotRegistered: false,
    UUID: "id",
  };
  const int = (Value: number) => ({ Name: "", Type: "int64", Value });

  it("of a task", () => {
    expect(shape(encodeCall(first(add(1, 1))))).toEqual({ ...blank, Name: "add", Args: [int(1), int(1)] });
  });

  it("of a chain (add(2,2) → add(5,6) → multiply(4))", () => {
    expect(shape(encodeCall(first(chain(add(2, 2), add(5, 6), multiply(4)))))).toEqual({
      ...blank,
      Name: "add",
      Args: [int(2), int(2)],
      OnSuccess: [
        {
          ...blank,
          Name: "add",
          Args: [int(5), int(6)],
          OnSuccess: [{ ...blank, Name: "multiply", Args: [int(4)] }],
        },
      ],
    });
  });

  it("of a chord's member, with the callback's Args null", () => {
    expect(shape(encodeCall(first(chord(group(add(1, 1), add(2, 2), add(5, 6)), multiply()))))).toEqual({
      ...blank,
      Name: "add",
      Args: [int(1), int(1)],
      GroupUUID: "id",
      GroupTaskCount: 3,
      ChordCallback: { ...blank, Name: "multiply", Args: null },
    });
  });
});
