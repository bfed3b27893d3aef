import { describe, expect, it } from "vitest";
import { memoryBroker } from "@wfe/memory";
import { collect, eventually, rejection, seededRandom, uniqueName, within } from "@wfe/testkit";
import { badSkips, runCase } from "../src/suite.ts";

describe("eventually", () => {
  it("resolves with what the probe returns once it no longer throws", async () => {
    let calls = 0;
    const probe = (): number => {
      if (++calls < 3) throw new Error("not yet");
      return calls;
    };
    expect(await eventually(probe)).toBe(3);
  });

  it("rejects with the probe's last error after the time is over, also when the probe hangs", async () => {
    const failing = (): never => {
      throw new Error("never");
    };
    await expect(eventually(failing, { timeoutMs: 20 })).rejects.toThrow("never (still so after 20 ms)");
    await expect(eventually(() => new Promise(() => undefined), { timeoutMs: 20 })).rejects.toThrow(
      "took longer",
    );
  });
});

describe("within and rejection", () => {
  it("name what took too long, and what came instead of a rejection", async () => {
    await expect(within(new Promise(() => undefined), 5, "a wait")).rejects.toThrow(
      "a wait took longer than 5 ms",
    );
    await expect(rejection(Promise.resolve(1))).rejects.toThrow("it resolved with 1");
    await expect(rejection(Promise.reject(new Error("other")), "WFE_CLOSED")).rejects.toThrow(
      "WFE_CLOSED, got no code",
    );
  });
});

describe("collect", () => {
  it("acks exactly the deliveries that it returns, and leaves the rest", async () => {
    await using broker = memoryBroker();
    await broker.publish(["a", "b", "c"].map((body) => ({ id: body, queue: "q", body })));
    expect((await collect(broker, "q", 2)).map((one) => one.body)).toEqual(["a", "b"]);
    expect(await broker.inspect("q")).toMatchObject({ waiting: 1, running: 0 });
    await expect(collect(broker, "q", 2, { timeoutMs: 20 })).rejects.toThrow(
      "collecting 2 deliveries took longer than 20 ms; 1 came",
    );
    expect(await collect(broker, "q", 0)).toEqual([]);
  });
});

describe("random", () => {
  it("gives the same numbers for the same seed, spread over their range", () => {
    const [one, same, other] = [seededRandom(5), seededRandom(5), seededRandom(6)];
    const draw = (from: typeof one): number[] => Array.from({ length: 1_000 }, () => from.below(10));
    const numbers = draw(one);
    expect(draw(same)).toEqual(numbers);
    expect(draw(other)).not.toEqual(numbers);
    for (let n = 0; n < 10; n++) expect(numbers.filter((one) => one === n).length).toBeGreaterThan(50);
    expect(one.shuffle([1, 2, 3, 4, 5]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  });

  it("gives unique names", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => uniqueName())).size).toBe(1_000);
  });
});

describe("a suite", () => {
  it("refuses skips that name no case or give no reason", () => {
    expect(badSkips([{ title: "a" }, { title: "b" }], { a: "slow here", b: " ", c: "gone" })).toEqual([
      "b",
      "c",
    ]);
  });

  it("closes what it opened, whatever a case does, and tells what failed first", async () => {
    const closed: string[] = [];
    const open =
      (name: string, fails = false) =>
      async () => ({
        context: name,
        async close() {
          closed.push(name);
          if (fails) throw new Error(`closing ${name}`);
        },
      });
    const fails = { title: "fails", run: () => Promise.reject(new Error("the case")) };
    const passes = { title: "passes", run: () => Promise.resolve() };
    await expect(runCase(fails, open("a"))).rejects.toThrow("the case");
    await expect(runCase(fails, open("b", true))).rejects.toThrow("the case");
    await expect(runCase(passes, open("c", true))).rejects.toThrow("closing c");
    expect(await runCase({ ...passes, needs: () => "a fact" }, open("d"))).toBe("a fact");
    expect(closed).toEqual(["a", "b", "c", "d"]);
  });
});
