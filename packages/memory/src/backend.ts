import { type Backend, type BackendFacts, isFinal, type Member, type SaveOutcome } from "@wfe/core";
import { type SettleOutcome, supersedes, type TaskState, type Watch } from "@wfe/core";
import { connect } from "./connection.ts";
import { memoryRecords } from "./records.ts";
import type { ConnectOptions, Wake } from "./store.ts";

export type MemoryBackendOptions = ConnectOptions;

const FACTS: BackendFacts = {
  volatile: false,
  expiryStepMs: 1,
  maxValueBytes: Infinity,
  maxBatch: Infinity,
  guarded: true,
  repeatableRead: true,
};
const STORED: SaveOutcome = { stored: true };
const MISSING: SettleOutcome = { missing: true };

/** One connection to a store's states, groups and records. Each call does its work at once, so calls never race. */
export function memoryBackend(options: MemoryBackendOptions = {}): Backend {
  const connection = connect("memory backend", options);
  const { states, groups, watchers } = connection.store;
  const watches = new Set<Watch>();

  const save = (state: TaskState): SaveOutcome => {
    const standing = states.get(state.id);
    if (standing !== undefined && !supersedes(state, standing)) return { stored: false, state: standing };
    states.set(state.id, state, state.expiresAt);
    if (isFinal(state.status)) wakeAll(watchers.get(state.id), state);
    return STORED;
  };

  const settle = ({ groupId, taskId }: Member): SettleOutcome => {
    const found = groups.get(groupId);
    if (found === undefined) return MISSING;
    const first = !found.settled.has(taskId);
    found.settled.add(taskId);
    return { remaining: found.group.size - found.settled.size, first, triggered: found.triggered };
  };

  return {
    name: "memory",
    facts: FACTS,
    async saveStates(batch, call) {
      connection.enter(call);
      return batch.map(save);
    },
    async loadStates(ids, call) {
      connection.enter(call);
      return ids.map(states.get);
    },
    async createGroups(batch, call) {
      connection.enter(call);
      for (const group of batch) {
        if (groups.get(group.id) !== undefined) continue;
        groups.set(group.id, { group, settled: new Set(), triggered: false }, group.expiresAt);
      }
    },
    async loadGroup(id, call) {
      connection.enter(call);
      const found = groups.get(id);
      return found && { ...found.group, settled: found.settled.size, triggered: found.triggered };
    },
    async settleMembers(members, call) {
      connection.enter(call);
      return members.map(settle);
    },
    async markTriggered(groupId, expiresAt, call) {
      connection.enter(call);
      const found = groups.get(groupId);
      if (found === undefined) return;
      groups.set(groupId, { ...found, group: { ...found.group, expiresAt }, triggered: true }, expiresAt);
    },
    async expire(ids, expiresAt, call) {
      connection.enter(call);
      for (const id of ids) {
        const state = states.get(id);
        if (state !== undefined) states.set(id, { ...state, expiresAt }, expiresAt);
      }
    },
    async remove(ids, call) {
      connection.enter(call);
      for (const id of ids) {
        states.delete(id);
        groups.delete(id);
      }
    },
    watch(id, wake) {
      const watch = watching(watchers, id, wake, () => watches.delete(watch));
      watches.add(watch);
      return watch;
    },
    records: memoryRecords(connection),
    async [Symbol.asyncDispose]() {
      connection.close();
      for (const watch of watches) watch.stop();
    },
  };
}

/** Apart from the save, which must not fail because of whoever waits. */
function wakeAll(waiting: Set<Wake> | undefined, state: TaskState): void {
  waiting?.forEach((wake) => queueMicrotask(() => wake(state)));
}

/** Enters `wake` among those who wait for `id`, until it stops. */
function watching(watchers: Map<string, Set<Wake>>, id: string, wake: Wake, onStop: () => void): Watch {
  let waiting = watchers.get(id);
  if (waiting === undefined) watchers.set(id, (waiting = new Set()));
  // One of its own, as the same function may watch twice.
  const entry: Wake = (state) => {
    if (waiting.has(entry)) wake(state);
  };
  waiting.add(entry);
  return {
    ready: Promise.resolve(),
    stop() {
      waiting.delete(entry);
      if (waiting.size === 0 && watchers.get(id) === waiting) watchers.delete(id);
      onStop();
    },
  };
}
