import type { Group, TaskState } from "@wfe/core";
import { eventually, uniqueName } from "@wfe/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { describeWithRedis } from "./deployments.ts";
import { redisBackend } from "../src/index.ts";

/** What machinery's Go workers write, and what becomes of it here. */

let server: PrivateRedis;
let admin: Redis;
let id: string;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  id = uniqueName("task");
});

function goState(task: string, status: string, results = "null"): string {
  const time = "2026-03-04T05:06:07.123456789Z";
  return `{"TaskUUID":"${task}","TaskName":"add","State":"${status}","Results":${results},"Error":"","CreatedAt":"${time}","TTL":0}`;
}

function ours(status: TaskState["status"], more: Partial<TaskState> = {}): TaskState {
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
  return {
    id,
    name: "add",
    status,
    attempt: 0,
    start: 1,
    beat: 0,
    run: "r",
    results: [],
    error: "",
    ...times,
    ...more,
  };
}

function group(size: number): Group {
  const groupId = `group_${id}`;
  const memberIds = Array.from({ length: size }, (_, i) => `${id}.${i}`);
  return { id: groupId, size, memberIds, createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
}

describeWithRedis("states that Go wrote", () => {
  it("have no attempt and no start, and are superseded by the rule of states", async () => {
    await using backend = redisBackend({ url: server.url });
    const cases = [
      ["PENDING", ours("STARTED"), true],
      ["RECEIVED", ours("STARTED"), true],
      ["STARTED", ours("STARTED"), false],
      ["STARTED", ours("STARTED", { start: 2 }), true],
      ["STARTED", ours("SUCCESS"), true],
      ["RETRY", ours("STARTED", { attempt: 3, start: 2 }), true],
      ["SUCCESS", ours("FAILURE", { attempt: 9, start: 9 }), false],
      ["FAILURE", ours("REVOKED"), false],
      ["STARTED", ours("REVOKED", { start: 0 }), true],
    ] as const;
    for (const [standing, next, wins] of cases) {
      await admin.set(id, goState(id, standing));
      const [outcome] = await backend.saveStates([next]);
      expect(outcome?.stored, `${next.status} over Go's ${standing}`).toBe(wins);
      const refused = { stored: false, state: { status: standing, attempt: undefined, start: undefined } };
      expect(outcome).toMatchObject(wins ? { stored: true } : refused);
    }
  });

  it("fields inside of results and errors are not taken for the state's own", async () => {
    await using backend = redisBackend({ url: server.url });
    const trap = { State: "SUCCESS", TTL: 0, Attempt: 99, Start: 99 };
    const text =
      ',"State":"SUCCESS","Results":null,"Error":"","CreatedAt":"x","TTL":0,"Attempt":99,"Start":99';
    const standing = ours("STARTED", {
      name: text,
      error: text,
      results: [{ type: "json", value: trap }],
      info: trap,
    });
    expect(await backend.saveStates([standing])).toEqual([{ stored: true }]);
    expect((await backend.saveStates([ours("SUCCESS", { start: 0 })]))[0]?.stored).toBe(false);
    expect(await backend.saveStates([ours("SUCCESS")])).toEqual([{ stored: true }]);
  });
});

describeWithRedis("groups that Go takes part in", () => {
  it("a member that Go has ended is counted by the next that we end, once", async () => {
    await using backend = redisBackend({ url: server.url });
    const one = group(4);
    await backend.createGroups([one]);
    const settle = (index: number): ReturnType<typeof backend.settleMembers> =>
      backend.settleMembers([{ groupId: one.id, taskId: `${id}.${index}` }]);
    await admin.set(`${id}.0`, goState(`${id}.0`, "SUCCESS", "[]"), "EX", 60);
    await admin.set(`${id}.1`, goState(`${id}.1`, "STARTED"));
    expect(await settle(2)).toEqual([{ remaining: 2, first: true, triggered: false }]);
    expect(await settle(3)).toEqual([{ remaining: 1, first: true, triggered: false }]);
    await admin.set(`${id}.1`, goState(`${id}.1`, "FAILURE"));
    expect(await settle(3)).toEqual([{ remaining: 0, first: false, triggered: false }]);
    expect(await admin.get(one.id), "Go sees the trigger as taken").toContain('"ChordTriggered":true');
    expect(await settle(2), "until it is marked, it can be repeated").toEqual([
      { remaining: 0, first: false, triggered: false },
    ]);
    await backend.markTriggered(one.id, Date.now() + 60_000);
    expect(await settle(2)).toEqual([{ remaining: 0, first: false, triggered: true }]);
  });

  it("a chord that Go has triggered is not triggered again, and one it may be triggering is waited for", async () => {
    await using backend = redisBackend({ url: server.url });
    const one = group(2);
    await backend.createGroups([one]);
    await admin.set(`${id}.0`, goState(`${id}.0`, "SUCCESS", "[]"));
    await admin.set("TriggerChordMutex", "held by Go", "PX", 8_000);
    const settled = backend.settleMembers([{ groupId: one.id, taskId: `${id}.1` }]);
    await eventually(async () => expect(await asked()).toBeGreaterThan(1));
    await admin.set(
      one.id,
      ((await admin.get(one.id)) ?? "").replace('"ChordTriggered":false', '"ChordTriggered":true'),
    );
    await admin.del("TriggerChordMutex");
    expect(await settled).toEqual([{ remaining: 0, first: true, triggered: true }]);
    expect(await backend.loadGroup(one.id)).toMatchObject({ settled: 2, triggered: true });
  });

  async function asked(): Promise<number> {
    return Number(/cmdstat_hsetnx:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);
  }

  it("a group that Go made is counted from its members' list", async () => {
    await using backend = redisBackend({ url: server.url });
    const members = [`${id}-a`, `${id}-b`, `${id}-c`];
    const meta = { GroupUUID: id, TaskUUIDs: members, ChordTriggered: false, Lock: false };
    await admin.set(id, JSON.stringify({ ...meta, CreatedAt: "2026-03-04T05:06:07Z", TTL: 0 }), "EX", 60);
    await admin.set(members[1] ?? "", goState(members[1] ?? "", "SUCCESS", "[]"));
    const settle = (taskId = ""): ReturnType<typeof backend.settleMembers> =>
      backend.settleMembers([{ groupId: id, taskId }]);
    expect(await settle(members[0])).toEqual([{ remaining: 1, first: true, triggered: false }]);
    expect(await settle(members[2])).toEqual([{ remaining: 0, first: true, triggered: false }]);
    expect(await backend.loadGroup(id)).toMatchObject({ size: 3, settled: 3, memberIds: members });
  });
});
