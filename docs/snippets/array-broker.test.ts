import { testBroker } from "@wfe/testkit";
import { ArrayServer, arrayBroker } from "./array-broker.ts";

testBroker("array", () => {
  const server = new ArrayServer();
  const connect = () => arrayBroker(server);
  return {
    broker: connect(),
    another: connect, // a second connection to the same server
    crash: (broker) => broker[Symbol.asyncDispose](), // our server sees at once that a connection is gone
    cleanup() {},
  };
});
