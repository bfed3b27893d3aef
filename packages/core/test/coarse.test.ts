import { virtualTime } from "@wfe/memory";
import { describe, expect, it } from "vitest";
import { coarse } from "../src/clock.ts";

describe("coarse deadlines", () => {
  it("come in time, up to 100 ms late and never early", async () => {
    const clock = virtualTime(1_000);
    const deadline = coarse(clock);
    const heard: number[] = [];
    for (const ms of [0, 1, 99, 100, 101, 250]) deadline(ms, () => heard.push(clock.now() - 1_000 - ms));
    await clock.advance(1_000);
    expect(heard).toHaveLength(6);
    for (const late of heard) {
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThanOrEqual(100);
    }
  });

  it("share timers, and leave none behind when all were taken back", () => {
    const clock = virtualTime(1_000);
    const deadline = coarse(clock);
    const cancels = Array.from({ length: 100 }, () => deadline(30_000, () => expect.fail("was taken back")));
    expect(clock.timers).toBe(1);
    for (const cancel of cancels) cancel();
    for (const cancel of cancels) cancel(); // twice does no harm
    expect(clock.timers).toBe(0);
  });

  it("do not mix what was taken back with what came later", async () => {
    const clock = virtualTime(1_000);
    const deadline = coarse(clock);
    const first = deadline(500, () => expect.fail("was taken back"));
    first();
    let heard = 0;
    deadline(500, () => (heard += 1));
    first();
    await clock.advance(1_000);
    expect(heard).toBe(1);
  });
});
