import { testLock } from "@wfe/testkit";
import { cluster, sentinel, single } from "./deployments.ts";
import { locksOn } from "./fixtures.ts";

testLock("redis lock, single server", locksOn(single()));
testLock("redis lock, cluster", locksOn(cluster()));
testLock("redis lock, sentinel", locksOn(sentinel()));
