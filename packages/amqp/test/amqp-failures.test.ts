import { eventually, rejection, tap } from "@wfe/testkit";
import type { Delivery } from "@wfe/core";
import { describe, expect, it } from "vitest";
import { message, namespaces } from "./namespaces.ts";
import { startProxy } from "./proxy.ts";
import { url, withAdmin } from "./server.ts";

describe.skipIf(url === undefined)("what can happen to channels, connections and queues", () => {
  const open = namespaces();
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `body ${i}`);

  it(
    "connections cut again and again under load: all that was published comes, and nothing hangs",
    { timeout: 30_000 },
    async () => {
      const { broker, queue, wired, another } = open();
      const other = another();
      const came = new Set<string>();
      const each = async (one: Delivery): Promise<void> => {
        came.add(one.body);
        await one.ack().catch(() => undefined); // whether the server heard it cannot be known
      };
      const taps = [broker, other].map((by) => tap(by, queue, { each, prefetch: 20 }));
      const wanted = numbered(600);
      for (let from = 0; from < wanted.length; from += 50) {
        const sent = broker.publish(wanted.slice(from, from + 50).map((body) => message(queue, body)));
        if (from % 100 === 50) wired.cut();
        await sent;
      }
      await eventually(() => expect(wanted.filter((body) => !came.has(body))).toEqual([]), {
        timeoutMs: 10_000,
      });
      await Promise.all(taps.map((one) => one.stop()));
      await eventually(async () => expect((await broker.inspect(queue)).waiting).toBe(0));
    },
  );

  it("a message whose confirm was lost is sent again, and the copy is told as a redelivery", async () => {
    const { broker, queue, wired } = open();
    await broker.publish([message(queue, "first")]);
    const doubtful = broker.publish([message(queue, "doubtful")]);
    await Promise.resolve();
    wired.cut();
    await doubtful;
    const mine = tap(broker, queue, { each: (one) => one.ack() });
    await eventually(() => expect(mine.deliveries.at(-1)?.body).toBe("doubtful"));
    const copies = mine.deliveries.filter((one) => one.body === "doubtful");
    expect(copies.filter((one) => one.redelivered).length).toBeGreaterThanOrEqual(copies.length - 1);
    await mine.stop();
  });

  it("an ack on a channel that is gone rejects with WFE_LEASE_LOST, and the signal is aborted", async () => {
    const { broker, queue, wired } = open();
    await broker.publish([message(queue, "held")]);
    const mine = tap(broker, queue);
    const [held] = await mine.take(1);
    wired.cut();
    await eventually(() => expect(held?.signal.aborted).toBe(true));
    await rejection(held?.ack() ?? Promise.resolve(), "WFE_LEASE_LOST");
    const [again] = await mine.take(1);
    expect(again).toMatchObject({ body: "held", redelivered: true });
    await again?.ack();
  });

  it("a queue deleted under a consumer: told, declared again, and consumed again", async () => {
    const { broker, queue } = open();
    const errors: Error[] = [];
    const mine = tap(broker, queue, {
      each: (one) => one.ack(),
      onError: (error) => void errors.push(error),
    });
    await broker.publish([message(queue, "before")]);
    await mine.take(1);
    await withAdmin(async (model) => await (await model.createChannel()).deleteQueue(queue));
    await eventually(() => expect(errors.map(String).join()).toContain("was deleted, or has moved"));
    await broker.publish([message(queue, "after"), message(queue, "later", { notBefore: Date.now() + 50 })]);
    expect((await mine.take(2)).map((one) => one.body)).toEqual(["after", "later"]);
    await mine.stop();
  });

  it("a queue or an exchange deleted under a publisher is declared again, and the message arrives", async () => {
    const { broker, queue, exchange } = open();
    await broker.publish([message(queue, "lost with its queue")]);
    await withAdmin(async (model) => await (await model.createChannel()).deleteQueue(queue));
    await broker.publish([message(queue, "one")]);
    await withAdmin(async (model) => await (await model.createChannel()).deleteExchange(exchange));
    await broker.publish([message(queue, "two")]);
    const mine = tap(broker, queue, { each: (one) => one.ack() });
    expect((await mine.take(2)).map((one) => one.body)).toEqual(["one", "two"]);
    await mine.stop();
  });

  it("a message that no queue takes is rejected, not lost (D-25)", async () => {
    const { broker, queue, another, exchange } = open();
    await broker.publish([message(queue, "stays")]);
    const headersOnly = another({
      exchange: `${exchange}-headers`,
      exchangeType: "headers",
      queueBindingArgs: { wanted: "yes" },
    });
    const failed = await rejection(headersOnly.publish([message(queue, "unroutable")]), "WFE_PUBLISH_FAILED");
    expect(failed.message).toContain("no queue takes");
    await withAdmin(
      async (model) => await (await model.createChannel()).deleteExchange(`${exchange}-headers`),
    );
  });

  it("a full queue refuses, and says so", async () => {
    const { broker, queue } = open({
      queueDeclareArgs: { "x-max-length": 1, "x-overflow": "reject-publish" },
    });
    await broker.publish([message(queue, "fits")]);
    const failed = await rejection(broker.publish([message(queue, "does not")]), "WFE_PUBLISH_FAILED");
    expect(failed.message).toContain("refuses messages");
    expect(failed).toMatchObject({ retryable: true });
  });

  it("while the server is away publish rejects in time, with WFE_UNAVAILABLE inside", async () => {
    const { queue, another } = open();
    const away = another({ url: "amqp://127.0.0.1:1", commandTimeoutMs: 300 });
    const failed = await rejection(away.publish([message(queue, "x")]), "WFE_PUBLISH_FAILED");
    expect(failed.cause).toMatchObject({ code: "WFE_UNAVAILABLE", retryable: true });
    await rejection(away.inspect(queue), "WFE_UNAVAILABLE");
  });

  it("of several URLs the first that answers is used", async () => {
    const { queue, another } = open();
    const ours = another({ url: ["amqp://127.0.0.1:1", url ?? ""] });
    await ours.publish([message(queue, "by the second")]);
    expect(await ours.inspect(queue)).toMatchObject({ waiting: 1 });
  });

  it("a release with a delay keeps body, id and headers, and counts as a redelivery", async () => {
    const { broker, queue } = open();
    await broker.publish([message(queue, "again", { headers: { trace: "1" } })]);
    const mine = tap(broker, queue);
    const [first] = await mine.take(1);
    await first?.release({ delayMs: 60 });
    const [second] = await mine.take(1);
    expect(second).toMatchObject({ body: "again", redelivered: true });
    await mine.stop();
    await second?.release();
    await eventually(() =>
      withAdmin(async (model) => {
        const got = await (await model.createChannel()).get(queue, { noAck: true });
        expect(got && got.properties).toMatchObject({ messageId: "again", headers: { trace: "1" } });
      }),
    );
  });

  it(
    "a network that swallows everything is noticed by heartbeats, and got around",
    { timeout: 30_000 },
    async () => {
      await using proxy = await startProxy(url ?? "");
      const { queue, another } = open();
      const ours = another({ url: proxy.url, heartbeatS: 1, commandTimeoutMs: 1_000 });
      await ours.publish([message(queue, "held")]);
      const mine = tap(ours, queue);
      const [held] = await mine.take(1);
      proxy.blackHole();
      await rejection(ours.publish([message(queue, "in doubt")]), "WFE_PUBLISH_FAILED");
      await eventually(() => expect(held?.signal.aborted).toBe(true), { timeoutMs: 10_000 });
      await rejection(held?.ack() ?? Promise.resolve(), "WFE_LEASE_LOST");
      await eventually(() => ours.publish([message(queue, "after")]), { timeoutMs: 10_000 });
      const came = (): void =>
        expect(mine.deliveries.slice(1).map((one) => one.body)).toEqual(
          expect.arrayContaining(["held", "after"]),
        );
      await eventually(came, { timeoutMs: 15_000 }); // the server needs its heartbeats, too
      await mine.stop();
    },
  );
});
