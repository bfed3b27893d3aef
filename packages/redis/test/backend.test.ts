import { testBackend } from "@wfe/testkit";
import { cluster, sentinel, single } from "./deployments.ts";
import { backendsOn } from "./fixtures.ts";

testBackend("redis backend, single server", backendsOn(single()));
testBackend("redis backend, cluster", backendsOn(cluster()));
testBackend("redis backend, sentinel", backendsOn(sentinel()));
