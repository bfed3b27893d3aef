import type { Backend, Broker, ConsumeOptions, Delivery, Lock } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryLock, memoryStore } from "@wfe/memory";
import type { BackendFactory, BrokerFactory, LockFactory } from "@wfe/testkit";

/** The correct adapters, with a way to break each connection that a test opens. */

export const MAX_MESSAGE_BYTES = 64 * 1024;

export type Breaking<Adapter> = (adapter: Adapter, shared: Map<string, unknown>) => Adapter;

/** A defect, and the titles of cases that must fail because of it. */
export interface Broken<Adapter> {
  readonly defect: string;
  readonly caughtBy: readonly string[];
  readonly breaking: Breaking<Adapter>;
}

export function brokerWith(breaking: Breaking<Broker>): BrokerFactory {
  return () => {
    const store = memoryStore();
    const shared = new Map<string, unknown>();
    const connect = (): Broker =>
      breaking(memoryBroker({ store, maxMessageBytes: MAX_MESSAGE_BYTES }), shared);
    const end = (broker: Broker): PromiseLike<void> => broker[Symbol.asyncDispose]();
    return {
      broker: connect(),
      another: connect,
      crash: async (broker) => await end(broker),
      loseLeases: async (broker) => await end(broker),
      cleanup: () => store[Symbol.dispose](),
    };
  };
}

export function backendWith(breaking: Breaking<Backend>): BackendFactory {
  return () => {
    const store = memoryStore();
    const shared = new Map<string, unknown>();
    const connect = (): Backend => breaking(memoryBackend({ store }), shared);
    return { backend: connect(), another: connect, cleanup: () => store[Symbol.dispose]() };
  };
}

export function lockWith(breaking: Breaking<Lock>): LockFactory {
  return () => {
    const store = memoryStore();
    const shared = new Map<string, unknown>();
    const connect = (): Lock => breaking(memoryLock({ store }), shared);
    return { lock: connect(), another: connect, cleanup: () => store[Symbol.dispose]() };
  };
}

/** The broker with other deliveries, or other options to consume with. */
export function consuming(
  broker: Broker,
  change: (delivery: Delivery, options: ConsumeOptions) => Delivery,
  ask: (options: ConsumeOptions) => ConsumeOptions = (options) => options,
): Broker {
  return {
    ...broker,
    consume: (options) => ({
      [Symbol.asyncIterator]() {
        const inner = broker.consume(ask(options))[Symbol.asyncIterator]();
        return {
          async next() {
            const step = await inner.next();
            return step.done ? step : { done: false, value: change(step.value, options) };
          },
          return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
        };
      },
    }),
  };
}
