import { testBackend } from "@wfe/testkit";
import { cluster, forEach, sentinel, single } from "./deployments.ts";
import { backendsOn } from "./fixtures.ts";

forEach({ "single server": single, cluster, sentinel }, (name, deployment) => {
  testBackend(`redis backend, ${name}`, backendsOn(deployment));
});
