import { getEventListeners } from "node:events";
import { expect } from "vitest";
import type { Backend, CallOptions } from "@wfe/core";
import { codeOf, rejection, within } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Case } from "../suite.ts";
import { type BackendTest, HOUR_MS } from "./context.ts";

type Call = (backend: Backend, options?: CallOptions) => Promise<unknown>;

/** One call of every method that goes to the server. */
function callsOf({ state, group, backend }: BackendTest): Readonly<Record<string, Call>> {
  const id = uniqueName("any");
  const expiresAt = Date.now() + HOUR_MS;
  const record = { collection: id, key: "key", value: "value", expiresAt };
  const calls: Record<string, Call> = {
    saveStates: (by, options) => by.saveStates([state()], options),
    loadStates: (by, options) => by.loadStates([id], options),
    createGroups: (by, options) => by.createGroups([group(1)], options),
    loadGroup: (by, options) => by.loadGroup(id, options),
    settleMembers: (by, options) => by.settleMembers([{ groupId: id, taskId: id }], options),
    markTriggered: (by, options) => by.markTriggered(id, expiresAt, options),
    expire: (by, options) => by.expire([id], expiresAt, options),
    remove: (by, options) => by.remove([id], options),
  };
  if (!backend.records) return calls;
  const { lists } = backend.records;
  return {
    ...calls,
    "records.put": async (by, options) => await by.records?.put([record], options),
    "records.get": async (by, options) => await by.records?.get([record], options),
    ...(lists && {
      "records.list": async (by, options) => await by.records?.list(id, { limit: 1, ...options }),
    }),
  };
}

/** The code that each call rejects with. */
async function codes(
  calls: Readonly<Record<string, Call>>,
  call: (one: Call) => Promise<unknown>,
): Promise<unknown> {
  const found: Record<string, string | undefined> = {};
  for (const [name, one] of Object.entries(calls)) found[name] = codeOf(await rejection(call(one)));
  return found;
}

function all(calls: Readonly<Record<string, Call>>, code: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(calls).map((name) => [name, code]));
}

export const lifeCases: readonly Case<BackendTest>[] = [
  {
    title: "every call with an aborted signal rejects with WFE_ABORTED, and the backend goes on",
    async run(test) {
      const calls = callsOf(test);
      const signal = AbortSignal.abort();
      expect(await codes(calls, (one) => one(test.backend, { signal }))).toEqual(all(calls, "WFE_ABORTED"));
      expect(await test.save(test.state())).toEqual({ stored: true });
    },
  },
  {
    title: "one caller's signal does not abort another's call",
    async run({ backend, state, load, timeoutMs }) {
      const caller = new AbortController();
      const kept = state();
      const both = [
        backend.saveStates([state()], { signal: caller.signal }),
        backend.saveStates([kept]),
      ] as const;
      caller.abort();
      const [aborted, other] = await within(Promise.allSettled(both), timeoutMs, "two saves");
      if (aborted.status === "rejected") expect(codeOf(aborted.reason)).toBe("WFE_ABORTED");
      expect(other).toEqual({ status: "fulfilled", value: [{ stored: true }] });
      expect((await load(kept.id))?.id).toBe(kept.id);
    },
  },
  {
    title: "leaves no listener on a signal that it was given",
    async run(test) {
      const { signal } = new AbortController();
      for (let round = 0; round < 5; round++) {
        for (const one of Object.values(callsOf(test))) await one(test.backend, { signal });
      }
      expect(getEventListeners(signal, "abort")).toEqual([]);
    },
  },
  {
    title: "close may be called twice, also at once, and on a backend that was never used",
    async run({ another, save, state, close, timeoutMs }) {
      const used = await another();
      await save(state(), used);
      const both = [used[Symbol.asyncDispose](), used[Symbol.asyncDispose]()];
      await within(Promise.all(both), timeoutMs, "closing twice at once");
      await close(used);
      await close(await another());
    },
  },
  {
    title: "use after close rejects with WFE_CLOSED",
    async run(test) {
      const closed = await test.another();
      await test.save(test.state(), closed);
      const calls = callsOf(test);
      await test.close(closed);
      expect(await codes(calls, (one) => one(closed))).toEqual(all(calls, "WFE_CLOSED"));
    },
  },
  {
    title: "closing one backend leaves the others alive",
    async run({ another, close, save, load, state }) {
      const one = state();
      const other = await another();
      await save(one, other);
      await close(other);
      expect((await load(one.id))?.id).toBe(one.id);
    },
  },
];
