import type { Backend, TaskState } from "@wfe/core";
import type { Broken } from "./adapters.ts";

const PAIRS = "the order of states holds over all 1024 pairs (D-70)";
const FENCED = "a run that lost its lease is fenced: its later saves are refused and tell who stands";
const HOUR_MS = 3_600_000;

/** The backend with other states than those it was asked to save. */
function saving(backend: Backend, change: (state: TaskState) => TaskState): Backend {
  return { ...backend, saveStates: (states, options) => backend.saveStates(states.map(change), options) };
}

function loading(backend: Backend, change: (state: TaskState) => TaskState): Backend {
  return {
    ...backend,
    loadStates: async (ids, options) =>
      (await backend.loadStates(ids, options)).map((one) => one && change(one)),
  };
}

/** Defects of states. */
export const brokenBackends: readonly Broken<Backend>[] = [
  {
    defect: "overwrites whatever stands",
    caughtBy: [
      PAIRS,
      FENCED,
      "the same id twice in one batch is applied in order",
      "of racing ends exactly one stands (D-70)",
    ],
    breaking: (backend) => ({
      ...backend,
      async saveStates(states, options) {
        for (const state of states) {
          await backend.remove([state.id]);
          await backend.saveStates([state], options);
        }
        return states.map(() => ({ stored: true }));
      },
    }),
  },
  {
    defect: "compares before it writes, not as it writes",
    caughtBy: ["of racing claims exactly one wins, and the others learn who"],
    breaking: (backend) => ({
      ...backend,
      async saveStates(states, options) {
        const ids = states.map((one) => one.id);
        const [standing] = await backend.loadStates(ids);
        const wins = standing === undefined || standing.status === "PENDING";
        const removed = wins ? backend.remove(ids) : undefined;
        const saved = backend.saveStates(states, options);
        await removed;
        return await saved;
      },
    }),
  },
  {
    defect: "knows no starts",
    caughtBy: [PAIRS, FENCED],
    breaking: (backend) => saving(backend, (state) => ({ ...state, start: 0 })),
  },
  {
    defect: "drops the run",
    caughtBy: [
      "a save whose answer was lost is repeated and finds its own run",
      "keeps every field of every status",
    ],
    breaking: (backend) => saving(backend, (state) => ({ ...state, run: "" })),
  },
  {
    defect: "rounds large integers",
    caughtBy: [
      "keeps results of type int64 (D-75, D-76)",
      "keeps results of type uint64 (D-75, D-76)",
      "keeps which results were bigint",
    ],
    breaking: (backend) =>
      loading(backend, (state) => ({
        ...state,
        results: state.results.map((one) =>
          typeof one.value === "bigint" ? { ...one, value: Number(one.value) } : one,
        ),
      })),
  },
  {
    defect: "stores results as text (D-75)",
    caughtBy: ["keeps results of type bool (D-75, D-76)", "keeps results of type json"],
    breaking: (backend) =>
      loading(backend, (state) => ({
        ...state,
        results: state.results.map((one) => ({ ...one, value: String(one.value) })),
      })),
  },
  {
    defect: "keeps info of an earlier state",
    caughtBy: [
      "a later state replaces the earlier one as a whole, and createdAt stays what it was given as (D-77, D-95)",
    ],
    breaking: (backend, shared) =>
      saving(backend, (state) => {
        const info = state.info ?? (shared.get(state.id) as TaskState["info"]);
        shared.set(state.id, info);
        return { ...state, info };
      }),
  },
  {
    defect: "answers in an order of its own, each id once",
    caughtBy: [
      "loadStates answers in the order asked, with the missing in their places and doubles doubled (D-79)",
    ],
    breaking: (backend) => ({
      ...backend,
      loadStates: (ids, options) => backend.loadStates([...new Set(ids)].toSorted(), options),
    }),
  },
  {
    defect: "forgets expiry",
    caughtBy: ["a state is found until it expires, and not after", "what expired already is not found"],
    breaking: (backend) => saving(backend, (state) => ({ ...state, expiresAt: Date.now() + HOUR_MS })),
  },
  {
    defect: "expires early",
    caughtBy: ["a state is found until it expires, and not after"],
    breaking: (backend) => saving(backend, (state) => ({ ...state, expiresAt: state.expiresAt - 100 })),
  },
  {
    defect: "keeps the first expiry",
    caughtBy: ["every save sets the expiry anew (D-71)"],
    breaking: (backend, shared) =>
      saving(backend, (state) => {
        if (!shared.has(state.id)) shared.set(state.id, state.expiresAt);
        return { ...state, expiresAt: shared.get(state.id) as number };
      }),
  },
  {
    defect: "expires nothing on demand",
    caughtBy: [
      "expire brings the end of stored states forward or puts it off, and skips unknown ids",
      "expire to a moment in the past removes at once",
    ],
    breaking: (backend) => ({ ...backend, expire: () => Promise.resolve() }),
  },
  {
    defect: "sets the expiry anew with a refused save",
    caughtBy: ["a refused save does not set the expiry anew"],
    breaking: (backend) => ({
      ...backend,
      async saveStates(states, options) {
        const outcomes = await backend.saveStates(states, options);
        for (const { id, expiresAt } of states) await backend.expire([id], expiresAt);
        return outcomes;
      },
    }),
  },
  {
    defect: "tells only the status of what stands",
    caughtBy: ["tells all fields of what stands when it refuses"],
    breaking: (backend) => ({
      ...backend,
      saveStates: async (states, options) =>
        (await backend.saveStates(states, options)).map((one) =>
          "state" in one ? { stored: false, state: { ...one.state, results: [] } } : one,
        ),
    }),
  },
  {
    defect: "cuts ids",
    caughtBy: ["ids of any text are ids of their own"],
    breaking: (backend) => ({
      ...saving(backend, (state) => ({ ...state, id: state.id.replace(/\W/g, "") })),
      loadStates: (ids, options) =>
        backend.loadStates(
          ids.map((id) => id.replace(/\W/g, "")),
          options,
        ),
    }),
  },
];
