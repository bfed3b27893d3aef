import { testWorkflows } from "@wfe/testkit";
import { cluster, forEach, sentinel, single } from "./deployments.ts";
import { workflowsOn } from "./fixtures.ts";

forEach({ "single server": single, cluster, sentinel }, (name, deployment) => {
  const members = name === "single server" ? 1_000 : 200;
  testWorkflows(`workflows on redis, ${name}`, workflowsOn(deployment), { leaseMs: 2_000, members });
});
