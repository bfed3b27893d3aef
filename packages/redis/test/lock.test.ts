import { testLock } from "@wfe/testkit";
import { cluster, forEach, sentinel, single } from "./deployments.ts";
import { locksOn } from "./fixtures.ts";

forEach({ "single server": single, cluster, sentinel }, (name, deployment) => {
  testLock(`redis lock, ${name}`, locksOn(deployment));
});
