import { expect } from "vitest";
import { type Member, memberId, type SettleOutcome } from "@wfe/core";
import { seededRandom } from "../random.ts";
import type { Case } from "../suite.ts";
import { type BackendTest, HOUR_MS, inBatches } from "./context.ts";

const CALLS_PER_MEMBER = 50;

function membersOf(group: {
  readonly id: string;
  readonly memberIds: readonly string[] | undefined;
}): Member[] {
  return (group.memberIds ?? []).map((taskId) => ({ groupId: group.id, taskId }));
}

export const groupCases: readonly Case<BackendTest>[] = [
  ...[0, 1, 3].map((size): Case<BackendTest> => ({
    title: `a group of ${size} counts down to nothing`,
    async run({ backend, group }) {
      const one = group(size);
      await backend.createGroups([one]);
      const { expiresAt: _, ...fields } = one;
      expect(await backend.loadGroup(one.id)).toMatchObject({ ...fields, settled: 0, triggered: false });
      for (const [i, member] of membersOf(one).entries()) {
        const wanted = { remaining: size - 1 - i, first: true, triggered: false };
        expect(await backend.settleMembers([member])).toEqual([wanted]);
      }
      expect(await backend.loadGroup(one.id)).toMatchObject({ size, settled: size, triggered: false });
    },
  })),
  {
    title: "a group of many members, listed in declared order, counts each",
    async run({ backend, facts, group, manyMembers, another }) {
      const one = group(manyMembers, { memberIds: undefined });
      const ids = Array.from({ length: manyMembers }, (_, i) => memberId(one.id, i));
      const memberIds = seededRandom(1).shuffle(ids);
      await backend.createGroups([{ ...one, memberIds }]);
      expect((await (await another()).loadGroup(one.id))?.memberIds).toEqual(memberIds);
      const outcomes = await inBatches(facts, membersOf({ id: one.id, memberIds: ids }), (some) =>
        backend.settleMembers(some),
      );
      const wanted = ids.map((_, i) => ({ remaining: manyMembers - 1 - i, first: true, triggered: false }));
      expect(outcomes).toEqual(wanted);
    },
  },
  {
    title: "a group too large to list is stored without its members' ids",
    async run({ backend, group }) {
      const size = 100_000;
      const one = group(0, { size, memberIds: undefined });
      await backend.createGroups([one]);
      for (const [i, index] of [99_999, 0, 50_000].entries()) {
        const member = { groupId: one.id, taskId: memberId(one.id, index) };
        const [outcome] = await backend.settleMembers([member]);
        expect(outcome).toEqual({ remaining: size - 1 - i, first: true, triggered: false });
      }
      const loaded = await backend.loadGroup(one.id);
      expect(loaded).toMatchObject({ size, settled: 3, triggered: false });
      expect(loaded?.memberIds).toBeUndefined();
    },
  },
  {
    title: "createGroups is idempotent: an existing group stays as it is, with what was settled",
    async run({ backend, facts, group }) {
      const [one, fresh] = [group(2), group(2)];
      await backend.createGroups([one]);
      const [member] = membersOf(one);
      await backend.settleMembers(member ? [member] : []);
      await backend.markTriggered(one.id, Date.now() + HOUR_MS);
      const changed = { ...one, size: 7, memberIds: undefined };
      await inBatches(facts, [changed, fresh, fresh], async (some) => {
        await backend.createGroups(some);
        return some;
      });
      expect(await backend.loadGroup(one.id)).toMatchObject({ size: 2, settled: 1, triggered: true });
      expect(await backend.loadGroup(fresh.id)).toMatchObject({ size: 2, settled: 0, triggered: false });
    },
  },
  {
    title: `${CALLS_PER_MEMBER} concurrent calls per member give one first each, and the end once (D-68, D-72, D-83)`,
    async run({ backend, group, another }) {
      const size = 8;
      const other = await another();
      const one = group(size);
      await backend.createGroups([one]);
      const calls = membersOf(one).flatMap((member) =>
        Array.from({ length: CALLS_PER_MEMBER }, () => member),
      );
      const shuffled = seededRandom(2).shuffle(calls);
      const outcomes: { readonly member: Member; readonly outcome: SettleOutcome | undefined }[] =
        await Promise.all(
          shuffled.map(async (member, i) => {
            const [outcome] = await (i % 2 ? other : backend).settleMembers([member]);
            return { member, outcome };
          }),
        );
      const firsts = outcomes.filter(({ outcome }) => outcome && "first" in outcome && outcome.first);
      expect(firsts.map(({ member }) => member.taskId).toSorted()).toEqual(one.memberIds?.toSorted());
      const remaining = firsts.map(({ outcome }) =>
        outcome && "remaining" in outcome ? outcome.remaining : -1,
      );
      expect(remaining.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      expect(
        outcomes.every(({ outcome }) => outcome && "remaining" in outcome && outcome.remaining >= 0),
      ).toBe(true);
    },
  },
  {
    title: "settling again counts nothing and tells what remains",
    async run({ backend, facts, group }) {
      const one = group(2);
      await backend.createGroups([one]);
      const [a, b] = membersOf(one) as [Member, Member];
      const outcomes = await inBatches(facts, [a, a, b, a, b], (some) => backend.settleMembers(some));
      expect(outcomes).toEqual([
        { remaining: 1, first: true, triggered: false },
        { remaining: 1, first: false, triggered: false },
        { remaining: 0, first: true, triggered: false },
        { remaining: 0, first: false, triggered: false },
        { remaining: 0, first: false, triggered: false },
      ]);
    },
  },
  {
    title: "settling answers per item: a group that is not there is missing, its neighbours count",
    needs: ({ facts }) => (facts.maxBatch < 3 ? "facts.maxBatch is below 3" : undefined),
    async run({ backend, group, state }) {
      const [one, other] = [group(1), group(2)];
      await backend.createGroups([one]);
      await backend.createGroups([other]);
      const [a, b] = [...membersOf(one), ...membersOf(other)] as [Member, Member];
      const outcomes = await backend.settleMembers([a, { groupId: state().id, taskId: a.taskId }, b]);
      expect(outcomes).toEqual([
        { remaining: 0, first: true, triggered: false },
        { missing: true },
        { remaining: 1, first: true, triggered: false },
      ]);
    },
  },
  {
    title: "the same task in two groups counts in each",
    async run({ backend, group }) {
      const one = group(2);
      const other = group(2, { memberIds: one.memberIds });
      for (const each of [one, other]) {
        await backend.createGroups([each]);
        const [member] = membersOf(each);
        expect(await backend.settleMembers(member ? [member] : [])).toMatchObject([
          { remaining: 1, first: true },
        ]);
      }
    },
  },
  {
    title:
      "markTriggered is idempotent, seen by every later settle, and does not touch the count (D-69, D-73, D-74)",
    async run({ backend, group, another }) {
      const one = group(2);
      const other = await another();
      await backend.createGroups([one]);
      const [a, b] = membersOf(one) as [Member, Member];
      await backend.settleMembers([a]);
      const expiresAt = Date.now() + HOUR_MS;
      await Promise.all([backend, other, backend].map((by) => by.markTriggered(one.id, expiresAt)));
      expect(await other.loadGroup(one.id)).toMatchObject({ settled: 1, triggered: true });
      expect(await other.settleMembers([b])).toEqual([{ remaining: 0, first: true, triggered: true }]);
      await other.markTriggered(one.id, expiresAt);
      expect(await backend.settleMembers([a])).toEqual([{ remaining: 0, first: false, triggered: true }]);
    },
  },
  {
    title: "remove forgets states and groups with what they counted, and skips unknown ids",
    async run({ backend, facts, group, state, save, load }) {
      const [one, kept] = [group(2), group(2)];
      const [gone, stays] = [state({ status: "SUCCESS", start: 4, run: "old" }), state()];
      for (const each of [one, kept]) await backend.createGroups([each]);
      for (const each of [gone, stays]) await save(each);
      const [member] = membersOf(one) as [Member];
      await backend.settleMembers([member]);
      await inBatches(facts, [one.id, state().id, gone.id], async (some) => {
        await backend.remove(some);
        return some;
      });
      expect(await load(gone.id)).toBeUndefined();
      expect(await backend.loadGroup(one.id)).toBeUndefined();
      expect(await backend.settleMembers([member])).toEqual([{ missing: true }]);
      expect((await load(stays.id))?.id).toBe(stays.id);
      expect(await backend.loadGroup(kept.id)).toMatchObject({ size: 2 });
      expect(await save(state({ id: gone.id }))).toEqual({ stored: true });
      await backend.createGroups([one]);
      expect(await backend.settleMembers([member])).toEqual([
        { remaining: 1, first: true, triggered: false },
      ]);
    },
  },
];
