import { testWorkflows } from "@wfe/testkit";
import { cluster, sentinel, single } from "./deployments.ts";
import { workflowsOn } from "./fixtures.ts";

const options = { leaseMs: 2_000 };

testWorkflows("workflows on redis, single server", workflowsOn(single()), options);
testWorkflows("workflows on redis, cluster", workflowsOn(cluster()), { ...options, members: 200 });
testWorkflows("workflows on redis, sentinel", workflowsOn(sentinel()), { ...options, members: 200 });
