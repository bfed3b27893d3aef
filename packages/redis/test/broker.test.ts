import { testBroker } from "@wfe/testkit";
import { cluster, sentinel, single } from "./deployments.ts";
import { brokersOn } from "./fixtures.ts";

const options = { leaseMs: 2_000 };

testBroker("redis broker, single server", brokersOn(single()), options);
testBroker("redis broker, with priorities", brokersOn(single(), { priorities: [255, 128, 5, 1] }), options);
testBroker("redis broker, cluster", brokersOn(cluster()), { ...options, backlog: 2_000 });
testBroker("redis broker, sentinel", brokersOn(sentinel()), { ...options, backlog: 2_000 });
