import { chord, group, Server } from "@wfe/core";
import { eventually, uniqueName } from "@wfe/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { redisBackend, redisBroker } from "../src/index.ts";
import { buildMachinery, go, machinery, startMachineryWorker } from "./machinery.ts";

/** With the real machinery v2, where Go is installed. */
const describeWithGo = go ? describe : describe.skip;

let server: PrivateRedis;
let address: string;
let queue: string;
const ran: string[] = [];

beforeAll(async () => {
  [server] = await Promise.all([startRedis(), buildMachinery()]);
  address = new URL(server.url).host;
}, 300_000);
afterAll(() => server[Symbol.asyncDispose]());

function open() {
  queue = uniqueName("q");
  ran.length = 0;
  const { url } = server;
  const node = new Server(
    { defaultQueue: queue },
    redisBroker({ url, delayedPollMs: 50 }),
    redisBackend({ url }),
  );
  const tasks = node.register({
    add: (...values: number[]) => (ran.push("add"), values.reduce((sum, one) => sum + one, 0)),
    multiply: (...values: number[]) => (
      ran.push("multiply"),
      values.reduce((product, one) => product * one, 1)
    ),
  });
  return { node, ...tasks };
}

describeWithGo("machinery in Go", () => {
  it("runs what we send, and we read its results", { timeout: 30_000 }, async () => {
    const { node, add } = open();
    await using worker = await startMachineryWorker(address, queue);
    const sent = await Promise.all([1, 2, 3].map((value) => node.send(add(value, 10))));
    const results = await Promise.all(sent.map((one) => one.get({ timeoutMs: 10_000 })));
    expect(results).toEqual([11, 12, 13]);
    expect(worker.ran).toEqual(["add", "add", "add"]);
    await node[Symbol.asyncDispose]();
  });

  it("sends a chord that we run, and reads its result", { timeout: 30_000 }, async () => {
    const { node } = open();
    await using worker = node.worker({ signals: false }).start();
    expect(await machinery(address, "chord", queue)).toBe("88");
    expect(ran.filter((name) => name === "multiply")).toHaveLength(1);
    await worker.stop();
    await node[Symbol.asyncDispose]();
  });

  it("delays a task that we bring to its queue in time", { timeout: 30_000 }, async () => {
    const { node } = open();
    await using worker = node.worker({ signals: false }).start();
    expect(await machinery(address, "later", queue)).toBe("42");
    await worker.stop();
    await node[Symbol.asyncDispose]();
  });

  it(
    "shares a queue and a chord's members with us: each runs once, and so does the callback",
    { timeout: 60_000 },
    async () => {
      const { node, add, multiply } = open();
      await using theirs = await startMachineryWorker(address, queue);
      await using worker = node.worker({ concurrency: 4, signals: false }).start();
      for (let round = 0; round < 3; round++) {
        const before = { ours: ran.length, theirs: theirs.ran.length };
        const members = Array.from({ length: 20 }, () => add(1, 1));
        const sent = await node.send(chord(group(...members), multiply()));
        expect(await sent.get({ timeoutMs: 20_000 })).toBe(2 ** 20);
        await eventually(() => {
          const all = [...ran.slice(before.ours), ...theirs.ran.slice(before.theirs)];
          expect(all.filter((name) => name === "multiply")).toHaveLength(1);
          expect(all.filter((name) => name === "add")).toHaveLength(20);
        });
      }
      expect(ran.length, "we took part").toBeGreaterThan(0);
      expect(theirs.ran.length, "so did they").toBeGreaterThan(0);
      const admin = new Redis(server.url);
      expect(await admin.llen(queue)).toBe(0);
      admin.disconnect();
      await worker.stop();
      await node[Symbol.asyncDispose]();
    },
  );
});
