import { testBroker } from "@wfe/testkit";
import { memoryBroker, memoryStore } from "../src/index.ts";

testBroker("memory", () => {
  const store = memoryStore();
  const connect = () => memoryBroker({ store, maxMessageBytes: 12 * 2 ** 20 });
  return {
    broker: connect(),
    another: connect,
    crash: (broker) => broker[Symbol.asyncDispose](),
    loseLeases: (broker) => broker[Symbol.asyncDispose](),
    cleanup: () => store[Symbol.dispose](),
  };
});
