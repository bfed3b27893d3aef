import { collect, uniqueName } from "@wfe/testkit";
import { describe, expect, it } from "vitest";
import { message, namespaces } from "./namespaces.ts";
import { url } from "./server.ts";

describe.skipIf(url === undefined).each(["classic", "quorum"] as const)(
  "inspect of %s queues",
  (queueType) => {
    const open = namespaces({ queueType });

    it("puts all that it showed back to its place, broken bodies too (D-18)", async () => {
      const { broker, queue } = open();
      const bodies = ["{ malformed", "1", "", "2", "3"];
      await broker.publish(bodies.map((body) => message(queue, body)));
      for (const limit of [2, 100]) {
        expect((await broker.inspect(queue, { limit })).firstWaiting).toEqual(bodies.slice(0, limit));
      }
      expect((await collect(broker, queue, 5, { prefetch: 1 })).map((one) => one.body)).toEqual(bodies);
    });

    it("creates nothing", async () => {
      const { broker } = open();
      const unknown = uniqueName("unknown");
      expect(await broker.inspect(unknown)).toMatchObject({ waiting: 0 });
      expect(await broker.inspect(unknown, { limit: 5 })).toMatchObject({ waiting: 0, firstWaiting: [] });
    });
  },
);
