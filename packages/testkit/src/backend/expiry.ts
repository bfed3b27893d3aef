import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import type { Case } from "../suite.ts";
import { type BackendTest, HOUR_MS, wasStored } from "./context.ts";

/** Waits until the state is no longer found, which must not be before `expiresAt`. */
async function expectExpiry(
  { load, expiryTimeoutMs }: BackendTest,
  id: string,
  expiresAt: number,
): Promise<void> {
  await eventually(async () => expect(await load(id)).toBeUndefined(), { timeoutMs: expiryTimeoutMs });
  expect(Date.now(), "never early").toBeGreaterThanOrEqual(expiresAt);
}

function needsRereading({ facts }: BackendTest): string | undefined {
  return facts.repeatableRead ? undefined : "facts.repeatableRead is false";
}

export const expiryCases: readonly Case<BackendTest>[] = [
  {
    title: "a state is found until it expires, and not after",
    needs: needsRereading,
    async run(test) {
      const expiresAt = test.soon();
      const one = test.state({ status: "SUCCESS", start: 1, expiresAt });
      await test.save(one);
      expect((await test.load(one.id))?.id).toBe(one.id);
      await expectExpiry(test, one.id, expiresAt);
    },
  },
  {
    title: "what expired already is not found",
    async run({ state, save, load, facts }) {
      const one = state({ expiresAt: Date.now() - 2 * facts.expiryStepMs - 1 });
      expect(wasStored(await save(one))).toBe(true);
      expect(await load(one.id)).toBeUndefined();
    },
  },
  {
    title: "what expires in years is kept",
    async run({ state, save, load }) {
      const one = state({ expiresAt: Date.now() + 10 * 365 * 24 * HOUR_MS });
      await save(one);
      expect((await load(one.id))?.id).toBe(one.id);
    },
  },
  {
    title: "an expired final state is no more: the id can be used again, with nothing of the old one (D-77)",
    needs: needsRereading,
    async run(test) {
      const expiresAt = test.soon();
      const old = test.state({
        status: "FAILURE",
        attempt: 5,
        start: 3,
        error: "old",
        info: { old: true },
        expiresAt,
      });
      await test.save(old);
      await expectExpiry(test, old.id, expiresAt);
      expect(wasStored(await test.save(test.state({ id: old.id })))).toBe(true);
      const loaded = await test.load(old.id);
      expect(loaded).toMatchObject({ status: "PENDING", attempt: 0, start: 0, error: "" });
      expect(loaded?.info).toBeUndefined();
    },
  },
  {
    title: "every save sets the expiry anew (D-71)",
    needs: needsRereading,
    async run(test) {
      const { state, save, load, soon } = test;
      const expiresAt = soon();
      const [kept, gone] = [state({ expiresAt }), state({ expiresAt })];
      await save(kept);
      await save(gone);
      await save(state({ id: kept.id, status: "STARTED", start: 1 }));
      await expectExpiry(test, gone.id, expiresAt);
      expect((await load(kept.id))?.status).toBe("STARTED");
    },
  },
  {
    title: "a refused save does not set the expiry anew",
    needs: needsRereading,
    async run(test) {
      const { state, save, soon } = test;
      const expiresAt = soon();
      const final = state({ status: "SUCCESS", start: 1, expiresAt });
      await save(final);
      expect(wasStored(await save(state({ id: final.id, status: "STARTED", start: 2 })))).toBe(false);
      await expectExpiry(test, final.id, expiresAt);
    },
  },
  {
    title: "expire brings the end of stored states forward or puts it off, and skips unknown ids",
    needs: needsRereading,
    async run(test) {
      const { backend, facts, state, save, load, soon } = test;
      const sooner = soon();
      const ends = { status: "SUCCESS", start: 1, run: "run" } as const;
      const [shortened, prolonged] = [state(ends), state({ ...ends, expiresAt: sooner })];
      await save(shortened);
      await save(prolonged);
      const unknown = state().id;
      const ids = facts.maxBatch < 2 ? [shortened.id] : [unknown, shortened.id];
      await backend.expire(ids, sooner);
      await backend.expire([prolonged.id], Date.now() + HOUR_MS);
      expect(await load(shortened.id), "expire changes nothing else").toMatchObject(ends);
      await expectExpiry(test, shortened.id, sooner);
      expect(await load(prolonged.id)).toMatchObject(ends);
      expect(await load(unknown)).toBeUndefined();
    },
  },
  {
    title: "expire to a moment in the past removes at once",
    async run({ backend, facts, state, save, load }) {
      const one = state();
      await save(one);
      await backend.expire([one.id], Date.now() - 2 * facts.expiryStepMs - 1);
      expect(await load(one.id)).toBeUndefined();
    },
  },
  {
    title: "an expired group is missing, and can be created again with nothing counted",
    async run({ backend, group, soon, expiryTimeoutMs }) {
      const expiresAt = soon();
      const one = group(2, { expiresAt });
      const member = { groupId: one.id, taskId: one.memberIds?.[0] ?? "" };
      await backend.createGroups([one]);
      expect(await backend.settleMembers([member])).toEqual([
        { remaining: 1, first: true, triggered: false },
      ]);
      const gone = async (): Promise<void> => expect(await backend.loadGroup(one.id)).toBeUndefined();
      await eventually(gone, { timeoutMs: expiryTimeoutMs });
      expect(Date.now(), "never early").toBeGreaterThanOrEqual(expiresAt);
      expect(await backend.settleMembers([member])).toEqual([{ missing: true }]);
      await backend.createGroups([group(2, { id: one.id, memberIds: one.memberIds })]);
      expect(await backend.settleMembers([member])).toEqual([
        { remaining: 1, first: true, triggered: false },
      ]);
    },
  },
  {
    title: "a triggered group expires when markTriggered says",
    async run({ backend, group, soon, expiryTimeoutMs }) {
      const [triggered, open] = [group(1), group(1)];
      await backend.createGroups([triggered]);
      await backend.createGroups([open]);
      const expiresAt = soon();
      await backend.markTriggered(triggered.id, expiresAt);
      expect(await backend.loadGroup(triggered.id)).toMatchObject({ triggered: true });
      const gone = async (): Promise<void> => expect(await backend.loadGroup(triggered.id)).toBeUndefined();
      await eventually(gone, { timeoutMs: expiryTimeoutMs });
      expect(Date.now(), "never early").toBeGreaterThanOrEqual(expiresAt);
      expect(await backend.loadGroup(open.id)).toMatchObject({ triggered: false });
    },
  },
];
