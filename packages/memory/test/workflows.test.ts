import type { Broker, BrokerFacts, Delivery } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryLock, memoryStore, virtualTime } from "@wfe/memory";
import type { MemoryBroker, VirtualTime } from "@wfe/memory";
import { testWorkflows } from "@wfe/testkit";
import type { WorkflowFixture } from "@wfe/testkit";

interface Variant {
  readonly clock?: VirtualTime;
  /** What this broker is to look like. */
  readonly as?: (broker: MemoryBroker) => Broker;
}

const MAX_BYTES = 2 ** 20;

function fixture({ clock, as = (broker) => broker }: Variant): WorkflowFixture {
  const store = memoryStore({ clock });
  const real = new Map<Broker, MemoryBroker>();
  const connect = () => {
    const inner = memoryBroker({ store, maxMessageBytes: MAX_BYTES });
    const broker = as(inner);
    real.set(broker, inner);
    return { broker, backend: memoryBackend({ store }), lock: memoryLock({ store }) };
  };
  return {
    ...connect(),
    another: connect,
    // A server that sees a connection drop gives back what was held over it.
    crash: ({ broker }) => broker[Symbol.asyncDispose](),
    loseLeases: ({ broker }) => real.get(broker)?.loseLeases(),
    ...(clock && { clock }),
    cleanup: () => store[Symbol.dispose](),
  };
}

function withFacts(broker: MemoryBroker, facts: Partial<BrokerFacts>): Broker {
  return { ...broker, facts: { ...broker.facts, ...facts } };
}

/** A broker with ordered queues: retries stay in place. */
function keyed(broker: MemoryBroker): Broker {
  return withFacts(broker, { ordering: "key" });
}

/** A broker that cannot tell a redelivery. */
function forgetful(broker: MemoryBroker): Broker {
  const forget = (delivery: Delivery): Delivery => ({
    body: delivery.body,
    signal: delivery.signal,
    redelivered: undefined,
    ack: () => delivery.ack(),
    release: (options) => delivery.release(options),
  });
  return {
    ...withFacts(broker, { tellsRedelivery: false }),
    consume: (options) => ({
      async *[Symbol.asyncIterator]() {
        for await (const delivery of broker.consume(options)) yield forget(delivery);
      },
    }),
  };
}

const STEP_MS = 100;

/** A broker that delays by whole steps only, and not for long. */
function impatient(broker: MemoryBroker, now: () => number): Broker {
  return {
    ...withFacts(broker, { maxDelayMs: 900, delayStepMs: STEP_MS }),
    publish: (messages, options) => {
      const rounded = messages.map((message) => {
        const delayMs = Math.max(0, (message.notBefore ?? 0) - now());
        return { ...message, notBefore: now() + Math.floor(delayMs / STEP_MS) * STEP_MS };
      });
      return broker.publish(rounded, options);
    },
  };
}

testWorkflows("memory", () => fixture({}));
testWorkflows("memory in virtual time", () => fixture({ clock: virtualTime() }));
testWorkflows("memory with ordered queues", () => fixture({ clock: virtualTime(), as: keyed }));
testWorkflows("memory that cannot tell a redelivery", () => fixture({ clock: virtualTime(), as: forgetful }));
testWorkflows(
  "memory with limited delays",
  () => {
    const clock = virtualTime();
    return fixture({ clock, as: (broker) => impatient(broker, () => clock.now()) });
  },
  {
    skip: {
      "a long delay is kept to the millisecond: seven days": "half a minute of hops of 900 ms",
      "what waits longer than a week is still found, and so is its group": "minutes of hops of 900 ms",
    },
  },
);
