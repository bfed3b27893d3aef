import type { Backend, Group, Records } from "@wfe/core";
import type { Broken } from "./adapters.ts";

const FIRSTS = "50 concurrent calls per member give one first each, and the end once (D-68, D-72, D-83)";

const MARKED =
  "markTriggered is idempotent, seen by every later settle, and does not touch the count (D-69, D-73, D-74)";

function recording(backend: Backend, change: (records: Records) => Partial<Records>): Backend {
  const { records } = backend;
  return records ? { ...backend, records: { ...records, ...change(records) } } : backend;
}

/** Defects of groups, watches and records. */
export const brokenGroups: readonly Broken<Backend>[] = [
  {
    defect: "counts a member at every call",
    caughtBy: [FIRSTS, "settling again counts nothing and tells what remains"],
    breaking: (backend) => {
      let count = 0;
      return {
        ...backend,
        settleMembers: (members, options) =>
          backend.settleMembers(
            members.map((one) => ({ ...one, taskId: `${one.taskId} ${++count}` })),
            options,
          ),
      };
    },
  },
  {
    defect: "tells everybody to be the first",
    caughtBy: [FIRSTS],
    breaking: (backend) => ({
      ...backend,
      settleMembers: async (members, options) =>
        (await backend.settleMembers(members, options)).map((one) =>
          "first" in one ? { ...one, first: true } : one,
        ),
    }),
  },
  {
    defect: "creates groups over existing ones",
    caughtBy: ["createGroups is idempotent: an existing group stays as it is, with what was settled"],
    breaking: (backend) => ({
      ...backend,
      async createGroups(groups, options) {
        await backend.remove(groups.map((one) => one.id));
        await backend.createGroups(groups, options);
      },
    }),
  },
  {
    defect: "keeps what a removed group had counted",
    caughtBy: [
      "remove forgets states and groups with what they counted, and skips unknown ids",
      "an expired group is missing, and can be created again with nothing counted",
    ],
    breaking: (backend, shared) => ({
      ...backend,
      settleMembers: async (members, options) =>
        (await backend.settleMembers(members, options)).map((one, i) => {
          const key = `${members[i]?.groupId} ${members[i]?.taskId}`;
          const first = !shared.has(key);
          if ("first" in one) shared.set(key, true);
          return "first" in one ? { ...one, first } : one;
        }),
    }),
  },
  {
    defect: "sorts the members of a group",
    caughtBy: ["a group of many members, listed in declared order, counts each"],
    breaking: (backend) => ({
      ...backend,
      createGroups: (groups, options) =>
        backend.createGroups(
          groups.map((one): Group => ({ ...one, memberIds: one.memberIds?.toSorted() })),
          options,
        ),
    }),
  },
  {
    defect: "does not remember that a group was triggered",
    caughtBy: [MARKED, "a triggered group expires when markTriggered says"],
    breaking: (backend) => ({ ...backend, markTriggered: () => Promise.resolve() }),
  },
  {
    defect: "never wakes",
    caughtBy: [
      "watch wakes at every final status",
      "no end is missed, whether it comes before, during or after ready",
    ],
    breaking: (backend) => ({
      ...backend,
      watch: () => ({ ready: Promise.resolve(), stop: () => undefined }),
    }),
  },
  {
    defect: "wakes after stop",
    caughtBy: ["watchers of one id are independent, and a stopped one is not woken"],
    breaking: (backend) => ({
      ...backend,
      watch: (id, wake) => ({
        ready: backend.watch?.(id, wake).ready ?? Promise.resolve(),
        stop: () => undefined,
      }),
    }),
  },
  {
    defect: "puts records whatever their version",
    caughtBy: [
      "records: ifVersion 0 puts only where there is none",
      "records: of racing compare-and-sets exactly one wins",
    ],
    breaking: (backend) =>
      recording(backend, ({ put }) => ({
        put: (records, options) =>
          put(
            records.map((one) => ({ ...one, ifVersion: undefined })),
            options,
          ),
      })),
  },
  {
    defect: "lists records from the one before on",
    caughtBy: ["records: list gives the keys in order, page by page, or rejects with WFE_UNSUPPORTED"],
    breaking: (backend) =>
      recording(backend, ({ list }) => ({
        list: (collection, { after, ...rest }) =>
          list(collection, after === undefined ? rest : { ...rest, after: after.slice(0, -1) }),
      })),
  },
  {
    defect: "does not look at the signal, nor whether it is closed",
    caughtBy: [
      "every call with an aborted signal rejects with WFE_ABORTED, and the backend goes on",
      "use after close rejects with WFE_CLOSED",
    ],
    breaking: (backend) => ({
      ...backend,
      loadStates: (ids, options) => backend.loadStates(ids, options).catch(() => []),
    }),
  },
  {
    defect: "counts a task in its first group only",
    caughtBy: ["the same task in two groups counts in each"],
    breaking: (backend, shared) => ({
      ...backend,
      settleMembers: (members, options) =>
        backend.settleMembers(
          members.map(({ groupId, taskId }) => {
            if (!shared.has(taskId)) shared.set(taskId, groupId);
            return { taskId, groupId: shared.get(taskId) as string };
          }),
          options,
        ),
    }),
  },
  {
    defect: "keeps all records in one collection",
    caughtBy: ["records: a key in two collections is two records"],
    breaking: (backend) =>
      recording(backend, ({ put, get }) => ({
        put: (records, options) =>
          put(
            records.map((one) => ({ ...one, collection: "all" })),
            options,
          ),
        get: (keys, options) =>
          get(
            keys.map((one) => ({ ...one, collection: "all" })),
            options,
          ),
      })),
  },
  {
    defect: "never lets a record expire",
    caughtBy: ["records: a record is gone once it expires, and its key is free"],
    breaking: (backend) =>
      recording(backend, ({ put }) => ({
        put: (records, options) =>
          put(
            records.map((one) => ({ ...one, expiresAt: Infinity })),
            options,
          ),
      })),
  },
];
