import { readFile } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { virtualTime, type VirtualTime } from "../src/index.ts";

const WEEK = 7 * 86_400_000;

/** What went off when, relative to the start. */
function logged(clock: VirtualTime): { log: string[]; note: (name: string) => () => void } {
  const startedAt = clock.now();
  const log: string[] = [];
  return { log, note: (name) => () => void log.push(`${name}@${clock.now() - startedAt}`) };
}

function sleep(clock: VirtualTime, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

test("time stands still until it is moved, and begins where it is told to", async () => {
  const clock = virtualTime(1_000);
  await turn();
  expect(clock.now()).toBe(1_000);
  await clock.advance(WEEK);
  expect(clock.now()).toBe(1_000 + WEEK);
  expect(virtualTime().now()).toBe(virtualTime().now());
});

test("timers go off in order, each at its moment, and only those that are due", async () => {
  const clock = virtualTime();
  const { log, note } = logged(clock);
  clock.after(WEEK, note("week"));
  clock.after(5, note("b"));
  clock.after(5, note("c"));
  clock.after(1, note("a"), { background: true });
  clock.after(-1, note("now"));
  await clock.advance(WEEK - 1);
  expect(log).toEqual(["now@0", "a@1", "b@5", "c@5"]);
  expect(clock.timers).toBe(1);
  await clock.advance(1);
  expect(log.at(-1)).toBe(`week@${WEEK}`);
  expect(clock.timers).toBe(0);
});

test("a timer that was taken back does not go off, even by another of the same moment", async () => {
  const clock = virtualTime();
  const { log, note } = logged(clock);
  const cancelFirst = clock.after(3, note("first"));
  cancelFirst();
  cancelFirst();
  clock.after(5, () => cancelSecond());
  const cancelSecond = clock.after(5, note("second"));
  expect(clock.timers).toBe(2);
  await clock.advance(10);
  expect(log).toEqual([]);
  expect(clock.timers).toBe(0);
});

test("what a timer causes has settled before the next goes off", async () => {
  const clock = virtualTime();
  const { log, note } = logged(clock);
  const work = async (): Promise<void> => {
    await sleep(clock, 10);
    for (let i = 0; i < 50; i++) await Promise.resolve();
    await turn();
    await turn();
    note("worked")();
    await sleep(clock, 5);
    note("slept")();
  };
  clock.after(12, note("other"));
  void work();
  await clock.advance(100);
  expect(log).toEqual(["worked@10", "other@12", "slept@15"]);
});

test("a timer that another one sets for at once goes off after what that one caused", async () => {
  const clock = virtualTime();
  const { log, note } = logged(clock);
  clock.after(1, () => {
    clock.after(0, note("second"));
    void turn().then(note("caused"));
  });
  await clock.advance(1);
  expect(log).toEqual(["caused@1", "second@1"]);
});

test("a timer for at once that sets itself again does not hold up the others", async () => {
  const clock = virtualTime();
  let ticks = 0;
  const tick = (): void => {
    if (++ticks < 100) clock.after(0, tick);
  };
  clock.after(0, tick);
  await clock.advance(1);
  expect(ticks).toBe(100);
});

test("until skips from timer to timer and no further, and answers as the promise does", async () => {
  const clock = virtualTime(0);
  clock.after(2 * WEEK, () => {});
  const week = sleep(clock, WEEK).then(() => "done");
  expect(await clock.until(week)).toBe("done");
  expect(clock.now()).toBe(WEEK);
  const failure = sleep(clock, 1).then(() => Promise.reject(new Error("failed")));
  await expect(clock.until(failure)).rejects.toThrow("failed");
  expect(await clock.until(Promise.resolve(5))).toBe(5);
  expect(clock.now()).toBe(WEEK + 1);
});

test("until waits for real I/O instead of skipping ahead of it", async () => {
  const clock = virtualTime(0);
  const outcome = Promise.race([
    readFile(import.meta.filename, "utf8").then((text) => text.length > 0),
    sleep(clock, 1_000).then(() => "too late"),
  ]);
  expect(await clock.until(outcome)).toBe(true);
  expect(clock.now()).toBe(0);
});

test("until lets background timers go off on the way, but does not live on them", async () => {
  const clock = virtualTime(0);
  let beats = 0;
  const beat = (): void => {
    beats++;
    clock.after(10, beat, { background: true });
  };
  beat();
  await clock.until(sleep(clock, 35));
  expect(beats).toBe(4);
  await expect(clock.until(new Promise(() => {}), { realMs: 20 })).rejects.toMatchObject({
    code: "WFE_TIMEOUT",
  });
  expect(clock.now()).toBe(35);
});

test("until gives up on a promise that only ever sets timers", async () => {
  const clock = virtualTime();
  const poll = (): void => void clock.after(10, poll);
  poll();
  const stuck = clock.until(new Promise(() => {}), { realMs: 20 });
  await expect(stuck).rejects.toMatchObject({
    code: "WFE_TIMEOUT",
    message: expect.stringContaining("1 timers go on and on"),
  });
});
