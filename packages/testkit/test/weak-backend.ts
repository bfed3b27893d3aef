import { type Backend, type BackendFacts, type SaveOutcome, type TaskState, WfeError } from "@wfe/core";
import { memoryBackend, type MemoryStore } from "@wfe/memory";

const MAX_VALUE_BYTES = 128 * 1024;

/** A backend that can do little, says so in its facts, and keeps every promise that is left. */
export function weakBackend(store: MemoryStore): Backend {
  const { watch: _, records, ...inner } = memoryBackend({ store });
  const facts: BackendFacts = {
    ...inner.facts,
    maxBatch: 3,
    maxValueBytes: MAX_VALUE_BYTES,
    expiryStepMs: 100,
    guarded: false,
  };
  const stepUp = (at: number): number => Math.ceil(at / facts.expiryStepMs) * facts.expiryStepMs;

  const save = async (state: TaskState): Promise<SaveOutcome> => {
    const size = JSON.stringify(state, (_key, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    if (size.length > MAX_VALUE_BYTES)
      return { stored: false, error: new WfeError("WFE_TOO_LARGE", "too large") };
    const [outcome] = await inner.saveStates([{ ...state, expiresAt: stepUp(state.expiresAt) }]);
    return outcome as SaveOutcome;
  };
  const small = <T>(items: readonly T[]): readonly T[] => {
    if (items.length > facts.maxBatch) throw new Error(`the kit asked for ${items.length} at once`);
    return items;
  };
  const weak: Backend = {
    ...inner,
    facts,
    async saveStates(states, options) {
      await inner.saveStates([], options);
      const outcomes: SaveOutcome[] = [];
      for (const state of small(states)) outcomes.push(await save(state));
      return outcomes;
    },
    loadStates: (ids, options) => inner.loadStates(small(ids), options),
    settleMembers: (members, options) => inner.settleMembers(small(members), options),
    createGroups: (groups, options) => inner.createGroups(small(groups), options),
    expire: (ids, expiresAt, options) => inner.expire(small(ids), expiresAt, options),
    remove: (ids, options) => inner.remove(small(ids), options),
  };
  if (!records) return weak;
  const unlisted = {
    lists: false,
    put: (puts: Parameters<typeof records.put>[0], options: Parameters<typeof records.put>[1]) =>
      records.put(small(puts), options),
    get: records.get,
    list: () => Promise.reject(new WfeError("WFE_UNSUPPORTED", "cannot list")),
  };
  return { ...weak, records: unlisted };
}
