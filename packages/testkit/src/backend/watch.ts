import { expect } from "vitest";
import type { Backend, Watch } from "@wfe/core";
import { eventually, within } from "../eventually.ts";
import { seededRandom } from "../random.ts";
import type { Case } from "../suite.ts";
import type { BackendTest } from "./context.ts";

const ROUNDS = 50;

function needsWatch({ backend }: BackendTest): string | undefined {
  return backend.watch ? undefined : "this backend has no watch";
}

interface Watcher extends Watch {
  readonly wakes: () => number;
  /** Resolves at the first wake. */
  readonly woken: Promise<void>;
}

function watch(backend: Backend, id: string): Watcher {
  if (!backend.watch) throw new Error("this backend has no watch");
  let wakes = 0;
  const { promise: woken, resolve } = Promise.withResolvers<void>();
  const wake = (): void => {
    wakes += 1;
    resolve();
  };
  const watching = backend.watch(id, wake);
  return { ready: watching.ready, stop: () => watching.stop(), wakes: () => wakes, woken };
}

function watchCase(title: string, run: (test: BackendTest) => Promise<void>): Case<BackendTest> {
  return { title, needs: needsWatch, run };
}

export const watchCases: readonly Case<BackendTest>[] = [
  watchCase("watch wakes at every final status", async ({ backend, state, save, timeoutMs }) => {
    for (const status of ["SUCCESS", "FAILURE", "REVOKED"] as const) {
      const one = state({ status, start: 1 });
      await save(state({ id: one.id }));
      const watcher = watch(backend, one.id);
      await within(watcher.ready, timeoutMs, "ready");
      await save(one);
      await within(watcher.woken, timeoutMs, `the wake at ${status}`);
      watcher.stop();
    }
  }),
  watchCase(
    "a save on another connection wakes too",
    async ({ backend, another, state, save, timeoutMs }) => {
      const other = await another();
      const one = state({ status: "SUCCESS", start: 1 });
      const watcher = watch(backend, one.id);
      await within(watcher.ready, timeoutMs, "ready");
      await save(one, other);
      await within(watcher.woken, timeoutMs, "the wake");
      watcher.stop();
    },
  ),
  watchCase(
    "no end is missed, whether it comes before, during or after ready",
    async ({ backend, another, state, save, load, timeoutMs }) => {
      const other = await another();
      const random = seededRandom(3);
      for (let round = 0; round < ROUNDS; round++) {
        const one = state({ status: "SUCCESS", start: 1 });
        const moment = random.below(3);
        const end = (): Promise<unknown> => save(one, random.below(2) ? other : backend);
        const early = moment === 0 ? end() : undefined;
        const watcher = watch(backend, one.id);
        const meanwhile = early ?? (moment === 1 ? watcher.ready.then(end) : undefined);
        await within(watcher.ready, timeoutMs, "ready");
        const isThere = (await load(one.id)) !== undefined;
        await (meanwhile ?? end());
        if (!isThere) await within(watcher.woken, timeoutMs, `the wake of round ${round}`);
        watcher.stop();
      }
    },
  ),
  watchCase(
    "watchers of one id are independent, and a stopped one is not woken",
    async ({ backend, state, save, timeoutMs }) => {
      const one = state({ status: "SUCCESS", start: 1 });
      const watchers = [watch(backend, one.id), watch(backend, one.id), watch(backend, one.id)] as const;
      const [stopped, ...rest] = watchers;
      await within(Promise.all(watchers.map((each) => each.ready)), timeoutMs, "ready");
      stopped.stop();
      const before = stopped.wakes();
      await save(one);
      await within(Promise.all(rest.map((each) => each.woken)), timeoutMs, "the wakes");
      expect(stopped.wakes()).toBe(before);
      for (const each of rest) each.stop();
    },
  ),
  watchCase("an id can be watched again after its last watcher stopped", async (test) => {
    const { backend, state, save, timeoutMs } = test;
    for (let round = 0; round < 3; round++) {
      const one = state({ status: "SUCCESS", start: 1 });
      const first = watch(backend, one.id);
      first.stop(); // before it was ready
      const second = watch(backend, one.id);
      await within(second.ready, timeoutMs, "ready");
      await save(one);
      await within(second.woken, timeoutMs, "the wake");
      second.stop();
    }
  }),
  watchCase("200 ids can be watched at once", async ({ backend, another, state, save, timeoutMs }) => {
    const other = await another();
    const states = Array.from({ length: 200 }, () => state({ status: "SUCCESS", start: 1 }));
    const watchers = states.map((one) => watch(backend, one.id));
    await within(Promise.all(watchers.map((each) => each.ready)), timeoutMs, "ready");
    await Promise.all(states.map((one) => save(one, other)));
    await within(Promise.all(watchers.map((each) => each.woken)), timeoutMs, "the wakes");
    for (const each of watchers) each.stop();
  }),
  watchCase("saves that are not final do not use a watch up", async ({ backend, state, save, timeoutMs }) => {
    const { id } = state();
    const watcher = watch(backend, id);
    await within(watcher.ready, timeoutMs, "ready");
    for (const beat of [0, 1, 2]) await save(state({ id, status: "STARTED", start: 1, beat }));
    const before = watcher.wakes();
    await save(state({ id, status: "SUCCESS", start: 1 }));
    await eventually(() => expect(watcher.wakes()).toBeGreaterThan(before), { timeoutMs });
    watcher.stop();
  }),
];
