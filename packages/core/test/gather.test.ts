import { describe, expect, it } from "vitest";
import { gather } from "../src/gather.ts";

const settings = { maxItems: 3, adapter: "test" };

function recording(): { readonly batches: number[][]; many(items: readonly number[]): Promise<number[]> } {
  const batches: number[][] = [];
  return {
    batches,
    many: async (items) => {
      batches.push([...items]);
      return items.map((item) => item * 10);
    },
  };
}

describe("gathering calls", () => {
  it("makes one of those of one tick, and answers each its own", async () => {
    const { batches, many } = recording();
    const one = gather(many, settings);
    expect(await Promise.all([one(1), one(2), one(3)])).toEqual([10, 20, 30]);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  it("does not wait when idle: the call is made in the same tick", async () => {
    const { batches, many } = recording();
    const answer = gather(many, settings)(1);
    await Promise.resolve();
    expect(batches).toEqual([[1]]);
    expect(await answer).toBe(10);
  });

  it("never makes a call of more items than the adapter takes, and keeps their order", async () => {
    const { batches, many } = recording();
    const one = gather(many, settings);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(one));
    expect(answers).toEqual([10, 20, 30, 40, 50, 60, 70]);
    expect(batches).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  });

  it("keeps collecting while enough calls are under way", async () => {
    const batches: number[][] = [];
    const gates: (() => void)[] = [];
    const one = gather(
      async (items: readonly number[]) => {
        batches.push([...items]);
        await new Promise<void>((resolve) => gates.push(resolve));
        return items;
      },
      { ...settings, maxItems: 100, maxInFlight: 1 },
    );
    const first = one(1);
    await Promise.resolve();
    const rest = [one(2), one(3)];
    await Promise.resolve();
    const more = one(4);
    gates.shift()?.();
    await first;
    await Promise.resolve();
    gates.shift()?.();
    expect(await Promise.all([...rest, more])).toEqual([2, 3, 4]);
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it("rejects an item of its own, and none of its neighbours", async () => {
    const bad = new Error("two");
    const one = gather(
      async (items: readonly number[]) => items,
      settings,
      (item) => (item === 2 ? bad : item),
    );
    const ends = await Promise.allSettled([one(1), one(2), one(3)]);
    expect(ends.map((end) => end.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("rejects all of a call that throws, and goes on", async () => {
    let broken = true;
    const one = gather(
      async (items: readonly number[]) => {
        if (broken) throw new Error("away");
        return items;
      },
      { ...settings, maxInFlight: 1 },
    );
    const ends = await Promise.allSettled([1, 2, 3, 4].map(one));
    expect(ends.map((end) => end.status)).toEqual(Array(4).fill("rejected"));
    for (const end of ends)
      expect(end).toMatchObject({ reason: { code: "WFE_UNAVAILABLE", retryable: true } });
    broken = false;
    expect(await Promise.all([one(5), one(6)])).toEqual([5, 6]);
  });
});
