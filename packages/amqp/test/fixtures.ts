import type { Broker } from "@wfe/core";
import { memoryBackend, memoryLock, memoryStore } from "@wfe/memory";
import type { BrokerFactory, WorkflowFactory } from "@wfe/testkit";
import { amqpBroker, type AmqpBrokerOptions } from "../src/index.ts";
import { url, type Wires, wires, withAdmin } from "./server.ts";

/** Brokers of one namespace, with what tests do to them. */
interface Bench {
  open(): Broker;
  cut(broker: Broker): void;
  kill(broker: Broker): void;
  prepare(queue: string): void;
  cleanup(): Promise<void>;
}

function bench(namespace: string, options: AmqpBrokerOptions): Bench {
  const wiring = new Map<Broker, Wires>();
  const queues = new Set<string>();
  return {
    open() {
      const wired = wires();
      const { connect } = wired;
      const broker = amqpBroker({ url, exchange: namespace, commandTimeoutMs: 4_000, connect, ...options });
      wiring.set(broker, wired);
      return broker;
    },
    cut: (broker) => wiring.get(broker)?.cut(),
    kill: (broker) => wiring.get(broker)?.kill(),
    prepare: (queue) => void queues.add(queue),
    cleanup: () =>
      withAdmin(async (model) => {
        const channel = await model.createChannel();
        for (const queue of queues) {
          await channel.deleteQueue(queue);
          await channel.deleteQueue(`${queue}.dead`);
        }
        await channel.deleteExchange(namespace);
      }),
  };
}

export function brokersWith(options: AmqpBrokerOptions = {}): BrokerFactory {
  return ({ namespace }) => {
    const { open, cut, kill, prepare, cleanup } = bench(namespace, options);
    return { broker: open(), another: open, crash: kill, loseLeases: cut, interrupt: cut, prepare, cleanup };
  };
}

/** With results in this process: AMQP carries the messages only. */
export function workflowsWith(options: AmqpBrokerOptions = {}): WorkflowFactory {
  return ({ namespace }) => {
    const { open, cut, kill, prepare, cleanup } = bench(namespace, options);
    const store = memoryStore();
    const another = () => ({
      broker: open(),
      backend: memoryBackend({ store }),
      lock: memoryLock({ store }),
    });
    return {
      ...another(),
      another,
      crash: ({ broker }) => kill(broker),
      loseLeases: ({ broker }) => cut(broker),
      prepare,
      async cleanup() {
        store[Symbol.dispose]();
        await cleanup();
      },
    };
  };
}
