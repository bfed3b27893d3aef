import { chord, group } from "@wfe/core";
import type { Run } from "../../suite.ts";
import { startedServer } from "./task.ts";

/** Chords of `size` members, one after the other, with about the same number of members in all: µs per member. */
export function chordOf(size: number): Run {
  return async (how) => {
    const { server, worker, add, sum } = startedServer();
    worker.start();
    const members = Array.from({ length: size }, (_, index) => add(index, 1));
    const expected = (size * (size - 1)) / 2 + size;
    const chords = async (times: number): Promise<void> => {
      for (; times > 0; times -= 1) {
        const result = await server.send(chord(group(...members), sum.partial().set({ collect: true })));
        if ((await result.get()) !== expected) throw new Error("the sum is wrong");
      }
    };
    const times = Math.max(1, (how.quick ? 10_000 : 50_000) / size);
    await chords(Math.max(1, times / 2));
    const { wallMs } = await how.timed(() => chords(times));
    return (wallMs * 1000) / (times * size);
  };
}
