import { collect, eventually, rejection, tap, uniqueName } from "@wfe/testkit";
import { describe, expect, it } from "vitest";
import { amqpBroker } from "../src/index.ts";
import { message, namespaces } from "./namespaces.ts";
import { url, withAdmin } from "./server.ts";

describe.skipIf(url === undefined)("beside machinery (Go)", () => {
  const open = namespaces();

  it("declares what machinery declares: no PRECONDITION_FAILED whoever comes first", async () => {
    const { broker, queue, exchange } = open();
    await broker.publish([message(queue, "ours first")]);
    await withAdmin(async (model) => {
      const channel = await model.createChannel();
      await channel.assertExchange(exchange, "direct", { durable: true, autoDelete: false, internal: false });
      await channel.assertQueue(queue, { durable: true, autoDelete: false, exclusive: false });
      await channel.bindQueue(queue, exchange, queue);
      channel.publish(exchange, queue, Buffer.from("from Go"), {
        contentType: "application/json",
        deliveryMode: 2,
      });
      await channel.close();
    });
    expect((await collect(broker, queue, 2)).map((one) => one.body)).toEqual(["ours first", "from Go"]);
  });

  it("sends persistent JSON with id, priority and headers", async () => {
    const { broker, queue } = open({ maxPriority: 9 });
    const headers = {
      trace: "00-ab",
      big: 2 ** 60,
      deep: { list: [1, null, "x"] },
      CC: ["elsewhere"],
      gone: undefined,
    };
    await broker.publish([message(queue, "body", { priority: 7, headers })]);
    const got = await withAdmin(
      async (model) => await (await model.createChannel()).get(queue, { noAck: true }),
    );
    expect(got && got.properties).toMatchObject({
      contentType: "application/json",
      deliveryMode: 2,
      messageId: "body",
      priority: 7,
      headers: { trace: "00-ab", deep: { list: [1, null, "x"] } },
    });
    expect(got && Object.keys(got.properties.headers ?? {})).not.toContain("CC");
  });

  it("the binding key means the default queue, and no stray queue is made (D-10)", async () => {
    const { broker, queue, another } = open();
    const bindingKey = uniqueName("key");
    const ours = another({ defaultQueue: queue, bindingKey });
    await ours.publish([message(queue, "by its name"), message(bindingKey, "by its key")]);
    expect((await collect(ours, queue, 2)).map((one) => one.body)).toEqual(["by its name", "by its key"]);
    expect(await broker.inspect(bindingKey)).toMatchObject({ waiting: 0 });
    await withAdmin(async (model) => {
      const channel = await model.createChannel();
      channel.on("error", () => undefined);
      expect((await rejection(channel.checkQueue(bindingKey))).message).toContain("NOT_FOUND");
    });
  });

  it("a custom queue gets no default tasks (D-11)", async () => {
    const { queue, another } = open();
    const custom = uniqueName("custom");
    const ours = another({ defaultQueue: queue, bindingKey: uniqueName("key") });
    const mine = tap(ours, custom, { each: (one) => one.ack() });
    await ours.publish([message(custom, "custom"), message(queue, "default")]);
    await mine.take(1);
    expect((await collect(ours, queue, 1)).map((one) => one.body)).toEqual(["default"]);
    expect(mine.deliveries.map((one) => one.body)).toEqual(["custom"]);
    await mine.stop();
    await withAdmin(async (model) => await (await model.createChannel()).deleteQueue(custom));
  });

  it("works without an exchange of its own", async () => {
    const { queue, another } = open();
    const ours = another({ exchange: "" });
    await ours.publish([message(queue, "direct"), message(queue, "later", { notBefore: Date.now() + 50 })]);
    expect((await collect(ours, queue, 2)).map((one) => one.body)).toEqual(["direct", "later"]);
  });
});

describe.skipIf(url === undefined)("clear errors, at once", () => {
  const open = namespaces();
  const place = new URL(url ?? "amqp://nowhere");
  const urlWith = (change: (to: URL) => void): string => {
    const changed = new URL(place.href);
    change(changed);
    return changed.href;
  };
  const wrong: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a wrong password": [urlWith((to) => (to.password = "wrong")), /ACCESS.REFUSED.*password/],
    "an unknown virtual host": [urlWith((to) => (to.pathname = "/unknown")), /no such virtual host/],
  };

  it.each(Object.entries(wrong))("%s", async (_, [to, text]) => {
    await using broker = amqpBroker({ url: to, commandTimeoutMs: 60_000 });
    const failed = await rejection(broker.publish([message("q", "x")]), "WFE_PUBLISH_FAILED");
    expect(failed.message).toMatch(text);
    expect(failed.message).not.toContain("wrong:");
    expect((await rejection(broker.inspect("q"), "WFE_UNAVAILABLE")).message).toMatch(text);
    const errors: Error[] = [];
    const mine = tap(broker, "q", { onError: (error) => void errors.push(error) });
    await eventually(() => expect(errors.map(String).join()).toMatch(text));
    await mine.stop();
  });

  it("a queue that exists with other properties: nothing else is hurt", async () => {
    const { broker, queue, another } = open();
    const other = uniqueName("other");
    await broker.publish([message(queue, "stays")]);
    const misled = another({ queueDeclareArgs: { "x-max-length": 5 } });
    const both = misled.publish([message(queue, "refused"), message(other, "accepted")]);
    const failed = await rejection(both, "WFE_PUBLISH_FAILED");
    expect(failed.message).toMatch(/1 of 2 .*#0.*PRECONDITION_FAILED.*other properties/s);
    expect(failed).toMatchObject({ retryable: false });
    expect((await collect(misled, other, 1)).map((one) => one.body)).toEqual(["accepted"]);
    await withAdmin(async (model) => await (await model.createChannel()).deleteQueue(other));
  });

  it("wrong options", () => {
    for (const bad of [{ url: "redis://x" }, { url: [] }, { maxPriority: 256 }, { commandTimeoutMs: 0 }]) {
      expect(() => amqpBroker(bad)).toThrow(expect.objectContaining({ code: "WFE_INVALID_OPTION" }));
    }
    expect(() => amqpBroker({ maxPriority: 5, queueType: "quorum" })).toThrow("quorum");
  });
});
