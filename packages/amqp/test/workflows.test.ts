import { testWorkflows } from "@wfe/testkit";
import { describe } from "vitest";
import { workflowsWith } from "./fixtures.ts";
import { url } from "./server.ts";

const skip = {
  "events are told on node:diagnostics_channel":
    "a task may start before its publishing was confirmed, on another connection, so `started` may come before `published`",
};

describe.skipIf(url === undefined)("on RabbitMQ", () => {
  testWorkflows("workflows on amqp", workflowsWith(), { skip, leaseMs: 2_000, members: 200 });
});
