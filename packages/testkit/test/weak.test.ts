import type { BrokerFacts } from "@wfe/core";
import { memoryStore } from "@wfe/memory";
import { testBackend, testBroker } from "@wfe/testkit";
import { weakBackend } from "./weak-backend.ts";
import { reconnecting, weakBroker } from "./weak-broker.ts";

/** Facts are tested both ways: adapters that can do little, but say so, pass as well. */

const minimal: Partial<BrokerFacts> = {
  maxDelayMs: 0,
  maxBatch: 10,
  priorities: false,
  ordering: "none",
  tellsRedelivery: false,
  delayedRelease: false,
  inspects: [],
  peeks: false,
};

const stepped: Partial<BrokerFacts> = {
  maxDelayMs: 15 * 60_000,
  delayStepMs: 50,
  maxBatch: 3,
  priorities: false,
  ordering: "key",
  inspects: ["waiting"],
  peeks: false,
};

for (const [name, facts] of Object.entries({ minimal, stepped })) {
  testBroker(
    `a broker with ${name} facts`,
    () => {
      const store = memoryStore();
      const cuts = new WeakMap<object, () => Promise<void>>();
      const connect = () => {
        const { broker, cut } = reconnecting(() => weakBroker(store, facts));
        cuts.set(broker, cut);
        return broker;
      };
      return {
        broker: connect(),
        another: connect,
        crash: (broker) => broker[Symbol.asyncDispose](),
        interrupt: (broker) => cuts.get(broker)?.(),
        cleanup: () => store[Symbol.dispose](),
      };
    },
    { backlog: 1_000 },
  );
}

testBackend("a backend with weak facts", () => {
  const store = memoryStore();
  return {
    backend: weakBackend(store),
    another: () => weakBackend(store),
    cleanup: () => store[Symbol.dispose](),
  };
});
