import type { Clock } from "@wfe/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sweeper } from "../src/expiring.ts";
import { virtualTime } from "../src/virtual-time.ts";

const SECOND = 1_000;
const WEEK = 7 * 24 * 3_600 * SECOND;

test("an entry is found until its moment, and not from then on", async () => {
  const clock = virtualTime();
  const map = sweeper(clock).map<string>();
  map.set("a", "value", clock.now() + 10);
  await clock.advance(9);
  expect(map.get("a")).toBe("value");
  await clock.advance(1);
  expect(map.get("a")).toBeUndefined();
});

test.each([1, 500, 10 * SECOND, WEEK + 123])(
  "what expires after %d ms is off the heap a second later",
  async (ttl) => {
    const clock = virtualTime();
    const map = sweeper(clock).map<number>();
    for (let i = 0; i < 100; i++) map.set(`key ${i}`, i, clock.now() + ttl);
    await clock.advance(ttl - 1);
    expect([...map.keys()]).toHaveLength(100);
    await clock.advance(SECOND);
    expect([...map.keys()]).toEqual([]);
    expect(clock.timers).toBe(0);
  },
);

test("an entry that is cut short goes at its new moment, and one that is prolonged stays until then", async () => {
  const clock = virtualTime();
  const map = sweeper(clock).map<string>();
  map.set("short", "s", clock.now() + WEEK);
  map.set("long", "l", clock.now() + SECOND);
  map.set("short", "s2", clock.now() + SECOND);
  map.set("long", "l2", clock.now() + WEEK);
  await clock.advance(2 * SECOND);
  expect([...map.keys()]).toEqual(["long"]);
  expect(map.get("long")).toBe("l2");
  await clock.advance(WEEK);
  expect([...map.keys()]).toEqual([]);
});

test("what never expires needs no timer, until it is told to expire", async () => {
  const clock = virtualTime();
  const map = sweeper(clock).map<string>();
  map.set("a", "value", Infinity);
  expect(clock.timers).toBe(0);
  map.set("a", "value", clock.now() + SECOND);
  await clock.advance(2 * SECOND);
  expect([...map.keys()]).toEqual([]);
});

test("nothing of an entry that was cut short or deleted meets a later one of the same name", async () => {
  const clock = virtualTime();
  const map = sweeper(clock).map<string>();
  map.set("cut", "old", clock.now() + WEEK);
  map.set("cut", "old", clock.now() + SECOND);
  for (const key of ["a", "b", "c"]) map.set(key, "old", clock.now() + SECOND);
  for (const key of ["a", "c", "b"]) map.delete(key);
  for (const key of ["a", "b", "c"]) map.set(key, "new", clock.now() + WEEK);
  await clock.advance(2 * SECOND);
  expect([...map.keys()]).toEqual(["a", "b", "c"]);
  map.set("cut", "new", clock.now() + 2 * WEEK);
  await clock.advance(WEEK);
  expect([...map.keys()]).toEqual(["cut"]);
  expect(map.get("cut")).toBe("new");
});

test("many entries over a week take one timer, and far fewer wake-ups than entries", async () => {
  const clock = virtualTime();
  let timersSet = 0;
  const after: Clock["after"] = (...args) => {
    timersSet++;
    return clock.after(...args);
  };
  const map = sweeper({ now: clock.now, after }).map<number>();
  for (let i = 0; i < 10_000; i++) map.set(`key ${i}`, i, clock.now() + WEEK - i * 50 * SECOND);
  expect(clock.timers).toBe(1);
  for (let i = 0; i < 10_000; i++) map.set(`key ${i}`, i, clock.now() + WEEK + (i % 10) * SECOND);
  await clock.advance(WEEK + 11 * SECOND);
  expect([...map.keys()]).toEqual([]);
  expect(timersSet).toBeLessThan(1_000);
});

test("two maps of one sweeper keep their entries apart", async () => {
  const clock = virtualTime();
  const expiring = sweeper(clock);
  const [one, two] = [expiring.map<string>(), expiring.map<string>()];
  one.set("a", "one", clock.now() + SECOND);
  two.set("a", "two", clock.now() + WEEK);
  await clock.advance(3 * SECOND);
  expect([one.get("a"), two.get("a")]).toEqual([undefined, "two"]);
  expect([...one.keys()]).toEqual([]);
});

test("a disposed sweeper leaves no timer, and sets none", () => {
  const clock = virtualTime();
  const expiring = sweeper(clock);
  const map = expiring.map<string>();
  map.set("a", "value", clock.now() + 9 * SECOND);
  expect(clock.timers).toBe(1);
  expiring[Symbol.dispose]();
  expect(clock.timers).toBe(0);
  map.set("b", "value", clock.now() + SECOND);
  expect(clock.timers).toBe(0);
  expect(map.get("b")).toBe("value");
});

test("any mix of writes, deletions and time leaves exactly what a plain map would", async () => {
  const key = fc.constantFrom("a", "b", "c", "d");
  const ms = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 2 * WEEK }));
  const step = fc.oneof(
    fc.record({ do: fc.constant("set" as const), key, ms }),
    fc.record({ do: fc.constant("delete" as const), key, ms }),
    fc.record({ do: fc.constant("advance" as const), key, ms }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = virtualTime();
      const map = sweeper(clock).map<number>();
      const model = new Map<string, { value: number; expiresAt: number }>();
      for (const [value, each] of steps.entries()) {
        const expiresAt = clock.now() + each.ms;
        if (each.do === "set") {
          map.set(each.key, value, expiresAt);
          model.set(each.key, { value, expiresAt });
        } else if (each.do === "delete") {
          map.delete(each.key);
          model.delete(each.key);
        } else {
          await clock.advance(each.ms);
        }
        for (const name of ["a", "b", "c", "d"]) {
          const entry = model.get(name);
          const alive = entry !== undefined && entry.expiresAt > clock.now();
          expect(map.get(name)).toBe(alive ? entry.value : undefined);
        }
      }
      await clock.advance(3 * WEEK);
      expect([...map.keys()]).toEqual([]);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 50 },
  );
});
