import type { Backend, Records, TaskState, Watch } from "@wfe/core";
import type { Faults } from "./faults.ts";

export function faultyBackend(real: Backend, faults: Faults): Backend {
  const { call } = faults;
  return {
    name: real.name,
    facts: real.facts,
    saveStates: (states, options) => call("saveStates", () => real.saveStates(states, options)),
    loadStates: (ids, options) => call("loadStates", () => real.loadStates(ids, options)),
    createGroups: (groups, options) => call("createGroups", () => real.createGroups(groups, options)),
    loadGroup: (id, options) => call("loadGroup", () => real.loadGroup(id, options)),
    settleMembers: (members, options) => call("settleMembers", () => real.settleMembers(members, options)),
    markTriggered: (id, at, options) => call("markTriggered", () => real.markTriggered(id, at, options)),
    expire: (ids, at, options) => call("expire", () => real.expire(ids, at, options)),
    remove: (ids, options) => call("remove", () => real.remove(ids, options)),
    ...(real.watch && { watch: (id, wake) => faultyWatch(real, faults, id, wake) }),
    ...(real.records && { records: faultyRecords(real.records, faults) }),
    [Symbol.asyncDispose]: () => faults.close(real),
  };
}

/** A fault shows in `ready`; a dead process is not woken. */
function faultyWatch(real: Backend, faults: Faults, id: string, wake: (state?: TaskState) => void): Watch {
  let watch: Watch | undefined;
  const ready = faults.call("watch", async () => {
    watch = real.watch?.(id, (state) => faults.dead || wake(state));
    await watch?.ready;
  });
  ready.catch(() => {}); // whoever does not look at it must not die of it
  return { ready, stop: () => watch?.stop() };
}

function faultyRecords(real: Records, { call }: Faults): Records {
  return {
    lists: real.lists,
    put: (records, options) => call("records.put", () => real.put(records, options)),
    get: (keys, options) => call("records.get", () => real.get(keys, options)),
    list: (collection, options) => call("records.list", () => real.list(collection, options)),
  };
}
