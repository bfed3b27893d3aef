import { testBroker } from "@wfe/testkit";
import { cluster, forEach, sentinel, single } from "./deployments.ts";
import { brokersOn } from "./fixtures.ts";

forEach({ "single server": single, cluster, sentinel }, (name, deployment) => {
  const backlog = name === "single server" ? 10_000 : 2_000;
  testBroker(`redis broker, ${name}`, brokersOn(deployment), { leaseMs: 2_000, backlog });
});

forEach({ "single server": single }, (_, deployment) => {
  const priorities = [255, 128, 5, 1];
  testBroker("redis broker, with priorities", brokersOn(deployment, { priorities }), { leaseMs: 2_000 });
});
