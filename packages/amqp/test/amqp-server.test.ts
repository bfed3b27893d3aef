import { eventually, rejection, tap, uniqueName } from "@wfe/testkit";
import type { Broker, Delivery } from "@wfe/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PrivateServer, startPrivate } from "../../../tooling/services/private.ts";
import { rabbitmq } from "../../../tooling/services/rabbitmq.ts";
import { amqpBroker } from "../src/index.ts";
import { rabbitmqctl } from "./ctl.ts";
import { message } from "./namespaces.ts";

const isInstalled = rabbitmq.find() !== undefined;
if (!isInstalled && process.env["CI"]) throw new Error("RabbitMQ is not installed on this machine");

describe.skipIf(!isInstalled)("what happens to a server of one's own", { timeout: 120_000 }, () => {
  let server: PrivateServer;
  const open = (): Broker =>
    amqpBroker({ url: server.environment["WFE_TEST_AMQP_URL"], commandTimeoutMs: 3_000 });

  beforeAll(async () => {
    server = await startPrivate(rabbitmq);
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  }, 60_000);

  it.each([
    ["stopped and started", async () => await server.stop()],
    ["killed and started", async () => await server.kill()],
  ])(
    "%s under load: what publish resolved for is delivered, and both sides come back by themselves",
    async (_, end) => {
      await using sender = open();
      await using worker = open();
      const queue = uniqueName("q");
      const came = new Set<string>();
      const errors: Error[] = [];
      const each = async (one: Delivery): Promise<void> => {
        came.add(one.body);
        await one.ack().catch(() => undefined); // whether the server heard it cannot be known
      };
      const mine = tap(worker, queue, {
        prefetch: 50,
        each,
        onError: (error) => void errors.push(error),
        timeoutMs: 15_000,
      });
      const accepted: string[] = [];
      let isOver = false;
      const publishing = (async () => {
        for (let batch = 0; !isOver; batch++) {
          const bodies = Array.from({ length: 20 }, (_unused, i) => `${batch}.${i}`);
          const sent = sender.publish(bodies.map((body) => message(queue, body)));
          await sent.then(
            () => accepted.push(...bodies),
            (error: unknown) => void errors.push(error as Error),
          );
          await new Promise((resolve) => void setTimeout(resolve, 5)); // a load that two cores can carry
        }
      })();
      await eventually(() => expect(came.size).toBeGreaterThan(200), { timeoutMs: 10_000 });
      await end();
      await rejection(sender.inspect(queue), "WFE_UNAVAILABLE");
      await server.restart();
      const before = accepted.length;
      await eventually(() => expect(accepted.length).toBeGreaterThan(before + 200), { timeoutMs: 20_000 });
      isOver = true;
      await publishing;
      await eventually(() => expect(accepted.filter((body) => !came.has(body))).toEqual([]), {
        timeoutMs: 20_000,
      });
      expect(errors.every((error) => "code" in error)).toBe(true);
      await mine.stop();
    },
  );

  it.skipIf(process.platform !== "linux")(
    "a memory alarm: publishers are refused with the reason, workers drain, and all goes on after it",
    async () => {
      await using broker = open();
      await using worker = open();
      const queue = uniqueName("q");
      await broker.publish(["1", "2", "3"].map((body) => message(queue, body)));
      await rabbitmqctl(server, "set_vm_memory_high_watermark", "absolute", "1");
      const failed = await eventually(() =>
        rejection(broker.publish([message(queue, "refused")]), "WFE_PUBLISH_FAILED"),
      );
      expect(failed.message).toContain("takes no messages at the moment");
      const mine = tap(worker, queue, { each: (one) => one.ack() });
      expect((await mine.take(3)).map((one) => one.body)).toEqual(["1", "2", "3"]);
      await rabbitmqctl(server, "set_vm_memory_high_watermark", "absolute", "1GB");
      await eventually(() => broker.publish([message(queue, "accepted")]), { timeoutMs: 15_000 });
      await eventually(() => expect(mine.deliveries.at(-1)?.body).toBe("accepted"));
      await mine.stop();
    },
  );

  it.skipIf(process.platform !== "linux")(
    "connections closed by the management command are opened again",
    async () => {
      await using broker = open();
      const queue = uniqueName("q");
      const errors: Error[] = [];
      const mine = tap(broker, queue, {
        each: (one) => one.ack(),
        onError: (error) => void errors.push(error),
      });
      await broker.publish([message(queue, "before")]);
      await mine.take(1);
      await rabbitmqctl(server, "close_all_connections", "tested");
      await eventually(() => expect(errors.map(String).join()).toMatch(/CONNECTION_FORCED|lost/));
      await broker.publish([message(queue, "after")]);
      expect((await mine.take(1)).map((one) => one.body)).toEqual(["after"]);
      await mine.stop();
    },
  );

  it.skipIf(process.platform !== "linux")(
    "a missing permission is told at once, and lifted without a restart",
    async () => {
      const queue = uniqueName("q");
      await rabbitmqctl(server, "add_user", "limited", "secret");
      await rabbitmqctl(server, "set_permissions", "limited", "^$", "^$", "^$");
      const to = new URL(server.environment["WFE_TEST_AMQP_URL"] ?? "");
      Object.assign(to, { username: "limited", password: "secret" });
      await using broker = amqpBroker({ url: to.href, commandTimeoutMs: 60_000 });
      const failed = await rejection(broker.publish([message(queue, "refused")]), "WFE_PUBLISH_FAILED");
      expect(failed.message).toMatch(/ACCESS_REFUSED.*permission/);
      await rabbitmqctl(server, "set_permissions", "limited", ".*", ".*", ".*");
      await eventually(() => broker.publish([message(queue, "accepted")]));
      expect(await broker.inspect(queue)).toMatchObject({ waiting: 1 });
    },
  );
});
