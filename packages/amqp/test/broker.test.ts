import { brokerCases, openBrokerTest, runCase, testBroker } from "@wfe/testkit";
import { describe, it } from "vitest";
import { brokersWith } from "./fixtures.ts";
import { url } from "./server.ts";

const skip = {
  "inspect shows the first delayed bodies, soonest first":
    "messages of all queues wait in the same delay queues, which AMQP lets nobody see undisturbed",
  "inspect disturbs nothing: order, content and first deliveries stay (D-18)":
    "what was shown keeps the server's redelivered flag; amqp-inspect.test.ts shows that the rest stays",
};
const options = { skip, leaseMs: 2_000 };

describe.skipIf(url === undefined)("on RabbitMQ", () => {
  testBroker("amqp broker, classic queues", brokersWith(), options);
  testBroker("amqp broker, quorum queues", brokersWith({ queueType: "quorum" }), {
    ...options,
    backlog: 2_000,
  });

  describe("amqp broker, with priorities", () => {
    // A queue has a store of its own for each of 256 levels, which takes time to make: only what is about them.
    const open = () => openBrokerTest(brokersWith({ maxPriority: 255 }), options);
    for (const one of brokerCases.filter(({ title }) => /priorit|order/.test(title) && !(title in skip))) {
      it(one.title, { timeout: 30_000 }, async () => void (await runCase(one, open)));
    }
  });
});
