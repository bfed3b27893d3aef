import { assert, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { compile, memberId } from "../src/compile.ts";
import type { Compiled } from "../src/compile.ts";
import type { Call } from "../src/call.ts";
import { createCreator } from "../src/tasks.ts";
import { chain, chord, group } from "../src/workflow.ts";
import type { Workflow } from "../src/workflow.ts";
import { workflows } from "./workflows.ts";

const add = createCreator("add");
const multiply = createCreator("multiply");
const NOW = Date.UTC(2025, 0, 1);

function compiled(node: unknown): Compiled {
  return compile(node as Workflow, { rootId: "p", now: NOW, groupExpiresAt: NOW + 1 });
}

function heads(node: unknown): string[] {
  return compiled(node).heads.map((call) => call.id);
}

function ids(calls: readonly Call[]): string[] {
  return calls.map((call) => call.id).toSorted();
}

/** The calls on the way from `call` to the end, by name and id. */
function path(call: Call | null | undefined): string[] {
  const next = call?.onSuccess?.[0] ?? call?.chordCallback;
  return call ? [`${call.name} ${call.id}`, ...path(next)] : [];
}

describe("ids", () => {
  it("gives a task the id of the whole", () => expect(heads(add(1, 1))).toEqual(["p"]));

  it("gives the last link of a chain the id of the whole", () => {
    const [first] = compiled(chain(add(2, 2), add(5, 6), multiply(4))).heads;
    expect(path(first)).toEqual(["add p.0", "add p.1", "multiply p"]);
  });

  it("gives a chord's callback the id of the whole", () => {
    const { heads: calls, groups } = compiled(chord(group(add(1, 1), add(2, 2)), multiply()));
    expect(ids(calls)).toEqual(["p.g.0", "p.g.1"]);
    expect(calls.map((call) => call.chordCallback?.id)).toEqual(["p", "p"]);
    expect(groups).toMatchObject([{ id: "group_p.g", size: 2, memberIds: ["p.g.0", "p.g.1"] }]);
  });

  it("derives a group's member ids from its own", () => {
    expect(heads(group(add(1), add(2), add(3)))).toEqual(["p.0", "p.1", "p.2"]);
    expect(memberId("group_p", 2)).toBe("p.2");
  });

  it("keeps apart what ends in one tail: chord in chord, chain in chain, chord in chain in chord", () => {
    const inner = chord(group(add(1), add(2)), multiply());
    for (const node of [
      chord(group(add(3), add(4)), inner as never),
      chain(add(3), chain(add(1), add(2)) as never),
      chord(group(add(3), add(4)), chain(multiply(), inner as never) as never),
      chord(group(add(3), add(4)), group(add(1), add(2)) as never),
    ]) {
      const { calls, groups } = compiled(node);
      expect(new Set(ids(calls)).size, JSON.stringify(ids(calls))).toBe(calls.length);
      expect(new Set(groups.map((one) => one.id)).size).toBe(groups.length);
    }
  });

  it("uses every id once, whatever the shape", () => {
    assert(
      property(workflows(), (node) => {
        const { calls, groups } = compiled(node);
        expect(new Set(ids(calls)).size).toBe(calls.length);
        expect(new Set(groups.map((one) => one.id)).size).toBe(groups.length);
      }),
    );
  });

  it("leads from every head to the tail, and to every call", () => {
    assert(
      property(workflows(), (node) => {
        const { calls, heads: first } = compiled(node);
        const reached = new Map<string, Call>();
        const open = [...first];
        for (let call = open.pop(); call; call = open.pop()) {
          if (reached.has(call.id)) continue;
          reached.set(call.id, call);
          open.push(...(call.onSuccess ?? []), ...(call.chordCallback ? [call.chordCallback] : []));
        }
        expect([...reached.keys()].toSorted()).toEqual(ids(calls));
        expect(reached.has("p")).toBe(node.kind !== "group");
      }),
    );
  });

  it("does the same twice", () => {
    assert(
      property(workflows(), (node) => {
        expect(compiled(node)).toEqual(compiled(node));
      }),
    );
  });
});

describe("groups", () => {
  it("has no heads for an empty group", () => {
    expect(compiled(group())).toEqual({ heads: [], groups: [], calls: [] });
  });

  it("starts what follows an empty group with nothing added", () => {
    const [callback] = compiled(chord(group(), multiply(7))).heads;
    expect(callback).toMatchObject({
      id: "p",
      args: [{ type: "int64", value: 7 }],
      groupId: "",
      chordCallback: null,
    });
    expect(compiled(chord(group(), multiply(7))).groups).toEqual([]);
  });

  it("gives a collecting callback of an empty group an empty array", () => {
    const [callback] = compiled(chord(group(), createCreator("sum")().set({ collect: true }))).heads;
    expect(callback?.args).toEqual([{ name: "", type: "json", value: [] }]);
  });

  it("treats a group of one as a group", () => {
    const { heads: calls, groups } = compiled(chord(group(add(1, 1)), multiply()));
    expect(calls).toMatchObject([
      { id: "p.g.0", groupId: "group_p.g", groupSize: 1, chordCallback: { id: "p" } },
    ]);
    expect(groups).toHaveLength(1);
  });

  it("lists members up to 1,000, as Go needs it, and none of a larger group", () => {
    const members = Array.from({ length: 1001 }, () => add(1));
    expect(compiled(group(...members.slice(1))).groups[0]?.memberIds).toHaveLength(1000);
    expect(compiled(group(...members)).groups[0]).toMatchObject({ size: 1001, memberIds: undefined });
  });

  it("makes a chord of a group that one link follows", () => {
    const [first] = compiled(chain(group(add(1, 1), add(2, 2)), multiply())).heads;
    expect(first).toMatchObject({
      id: "p.0.0",
      groupId: "group_p.0",
      chordCallback: { name: "multiply", id: "p" },
    });
  });

  it("joins a group that a group follows by the built-in task", () => {
    const { heads: calls } = compiled(chain(group(add(1, 1), add(2, 2)), group(add(3), add(4))));
    const join = calls[0]?.chordCallback;
    expect(join?.name).toBe("wfe.join");
    expect(join?.onSuccess?.map((call) => call.name)).toEqual(["add", "add"]);
    expect(join?.onSuccess?.[0]?.chordCallback).toMatchObject({ name: "wfe.join", id: "p" });
  });

  it("has the last link of a member's chain carry the group", () => {
    const [head] = compiled(chord(group(chain(add(1, 1), add(2)), add(3, 3)), multiply())).heads;
    expect(head).toMatchObject({ groupId: "", chordCallback: null });
    expect(head?.onSuccess?.[0]).toMatchObject({
      id: "p.g.0",
      groupId: "group_p.g",
      chordCallback: { id: "p" },
    });
  });
});
