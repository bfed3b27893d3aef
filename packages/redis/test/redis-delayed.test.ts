import { monitorEventLoopDelay } from "node:perf_hooks";
import { Redis } from "ioredis";
import { eventually, tap, uniqueName } from "@wfe/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { redisBroker } from "../src/index.ts";
import { describeWithRedis } from "./deployments.ts";
import { bodies, message } from "./load.ts";

let server: PrivateRedis;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});

describeWithRedis("delayed messages", () => {
  it(
    "2,000 that fall due within a second come late by less than 20 ms (99 of 100)",
    { timeout: 30_000 },
    async () => {
      const queue = uniqueName("q");
      await using broker = redisBroker({ url: server.url });
      const dueAt = new Map<string, number>();
      const lateness: number[] = [];
      const each = async (delivery: { body: string; ack(): Promise<void> }): Promise<void> => {
        lateness.push(Date.now() - Math.floor(dueAt.get(delivery.body) ?? 0));
        await delivery.ack();
      };
      const mine = tap(broker, queue, { prefetch: 100, each });
      const start = Date.now() + 1_000;
      using busy = monitorEventLoopDelay({ resolution: 1 });
      busy.enable();
      for (const [i, body] of bodies(2_000, "due").entries()) dueAt.set(body, start + i / 2);
      const messages = [...dueAt].map(([body, notBefore]) => message(queue, body, { notBefore }));
      await Promise.all([broker.publish(messages.slice(0, 1_000)), broker.publish(messages.slice(1_000))]);
      await mine.take(2_000, 10_000);
      lateness.sort((a, b) => a - b);
      expect(lateness[0], "never early").toBeGreaterThanOrEqual(0);
      const pauseMs = busy.max / 1e6; // of this machine, which may be running other tests
      expect(lateness[1_980], `median ${lateness[1_000]} ms, pauses up to ${pauseMs} ms`).toBeLessThan(
        20 + pauseMs,
      );
      await mine.stop();
    },
  );

  it("one that is due earlier than all others wakes a mover elsewhere that sleeps until the others", async () => {
    const [queue, prefix] = [uniqueName("q"), uniqueName("ns")];
    const options = { url: server.url, prefix, delayedPollMs: 600_000 }; // no poll in the time of this test
    await using sleeping = redisBroker(options);
    await using publishing = redisBroker(options);
    const mine = tap(sleeping, queue);
    await publishing.publish([message(queue, "in an hour", { notBefore: Date.now() + 3_600_000 })]);
    await publishing.publish([message(queue, "shows that it runs")]);
    await mine.take(1);
    const dueAt = Date.now() + 200;
    await publishing.publish([message(queue, "soon", { notBefore: dueAt })]);
    const [soon] = await mine.take(1);
    expect(soon?.body).toBe("soon");
    expect(Date.now() - dueAt).toBeLessThan(100);
    await mine.stop();
  });

  it("shares its set with machinery: its members are found by polling and go where they say, ours begin with the body", async () => {
    const [queue, other] = [uniqueName("q"), uniqueName("q")];
    await using broker = redisBroker({ url: server.url, delayedPollMs: 50 });
    const mine = tap(broker, queue);
    const go = `{"UUID":"task_1","Name":"add","RoutingKey":"${queue}","Args":[{"Type":"string","Value":"\\"RoutingKey\\":\\"x\\""}]}`;
    const elsewhere = `{"UUID":"task_2","RoutingKey":"${other}"}`;
    const scoreIn = (ms: number): string => `${BigInt(Date.now() + ms) * 1_000_000n}`;
    await admin.zadd("delayed_tasks", scoreIn(150), go, scoreIn(100), elsewhere);
    const [delivery] = await mine.take(1);
    expect(delivery).toMatchObject({ body: go, redelivered: false });
    await delivery?.ack();
    expect(await admin.lrange(other, 0, -1)).toEqual([elsewhere]);

    const body = `{"UUID":"task_3","RoutingKey":"${queue}"}`;
    await broker.publish([message(queue, body, { notBefore: Date.now() + 3_600_000 })]);
    const [member = ""] = await admin.zrange("delayed_tasks", "0", "-1");
    expect(member.startsWith(`${body}\n`), "Go's decoder stops at the end of the first value").toBe(true);
    expect(await broker.inspect(queue, { limit: 5 })).toMatchObject({ delayed: 1, firstDelayed: [{ body }] });
    expect((await broker.inspect(other)).delayed).toBe(0);
    await mine.stop();
  });

  it("the mark of a redelivery is white space, and a body that looks like one comes back as it was", async () => {
    const queue = uniqueName("q");
    await using broker = redisBroker({ url: server.url });
    const mine = tap(broker, queue, { prefetch: 1 });
    const body = '{"UUID":"task_4"}';
    await broker.publish([message(queue, body)]);
    const [delivery] = await mine.take(1);
    await mine.stop();
    await delivery?.release();
    const [marked = ""] = await admin.lrange(queue, 0, -1);
    expect([marked.trimEnd(), marked.length > body.length]).toEqual([body, true]);
    await admin.del(queue);
    await broker.publish([message(queue, marked)]);
    const again = tap(broker, queue, { prefetch: 1 });
    for (const redelivered of [false, true, true]) {
      const [one] = await again.take(1);
      expect(one).toMatchObject({ body: marked, redelivered });
      await one?.release();
    }
    await again.stop();
  });
});

describeWithRedis("an idle consumer", () => {
  it("sends at most 5 commands per second", { timeout: 20_000 }, async () => {
    const quiet = await startRedis();
    const watcher = new Redis(quiet.url);
    await using broker = redisBroker({ url: quiet.url });
    const mine = tap(broker, "q");
    await broker.publish([message("q", "shows that it runs")]);
    await (await mine.take(1))[0]?.ack();
    const count = async (): Promise<number> =>
      Number(/total_commands_processed:(\d+)/.exec(await watcher.info("stats"))?.[1]);
    const seconds = async (): Promise<number> => Number((await watcher.time())[0]);
    const [before, start] = [await count(), await seconds()];
    await eventually(async () => expect((await seconds()) - start).toBeGreaterThanOrEqual(6), {
      everyMs: 2_000,
      timeoutMs: 15_000,
    });
    const asked = 2 * (2 + Math.ceil(6 / 2)); // by this test
    expect(((await count()) - before - asked) / 6).toBeLessThanOrEqual(5);
    await mine.stop();
    watcher.disconnect();
    await broker[Symbol.asyncDispose]();
    await quiet[Symbol.asyncDispose]();
  });
});
