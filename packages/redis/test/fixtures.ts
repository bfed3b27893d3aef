import type { Backend, Broker, Lock } from "@wfe/core";
import type { BackendFactory, BrokerFactory, LockFactory, WorkflowFactory } from "@wfe/testkit";
import { redisBackend, redisBroker, type RedisBrokerOptions, redisLock } from "../src/index.ts";
import { type Deployment, endLeases, removeKeys, type Wires, wires } from "./deployments.ts";

/** Short, so that tests need not wait; a third of it is still longer than any pause of a busy test machine. */
export const VISIBILITY_MS = 900;
const SHORT = { visibilityTimeoutMs: VISIBILITY_MS, commandTimeoutMs: 1_500, delayedPollMs: 100 };

export function brokersOn(deployment: Deployment, options: Partial<RedisBrokerOptions> = {}): BrokerFactory {
  return ({ namespace }) => {
    const prefix = `${namespace}:`;
    const wiring = new Map<Broker, Wires>();
    const open = (): Broker => {
      const wired = wires(deployment);
      const own = { client: wired.client, prefix, ...SHORT };
      const broker = redisBroker({ ...own, ...options } as RedisBrokerOptions);
      wiring.set(broker, wired);
      return broker;
    };
    return {
      broker: open(),
      another: open,
      crash: (broker) => wiring.get(broker)?.kill(),
      loseLeases: () => endLeases(deployment, prefix),
      interrupt: (broker) => wiring.get(broker)?.cut(),
      cleanup: () => removeKeys(deployment, prefix),
    };
  };
}

export function backendsOn(deployment: Deployment): BackendFactory {
  return ({ namespace }) => {
    const prefix = `${namespace}:`;
    const open = (): Backend => redisBackend({ client: wires(deployment).client, prefix });
    return { backend: open(), another: open, cleanup: () => removeKeys(deployment, prefix) };
  };
}

export function locksOn(deployment: Deployment): LockFactory {
  return ({ namespace }) => {
    const prefix = `${namespace}:`;
    const open = (): Lock => redisLock({ client: wires(deployment).client, prefix });
    return { lock: open(), another: open, cleanup: () => removeKeys(deployment, prefix) };
  };
}

export function workflowsOn(deployment: Deployment): WorkflowFactory {
  return ({ namespace }) => {
    const prefix = `${namespace}:`;
    const wiring = new Map<Broker, Wires>();
    const open = (): { broker: Broker; backend: Backend; lock: Lock } => {
      const wired = wires(deployment);
      const { client } = wired;
      const broker = redisBroker({ client, prefix, ...SHORT });
      wiring.set(broker, wired);
      return { broker, backend: redisBackend({ client, prefix }), lock: redisLock({ client, prefix }) };
    };
    return {
      ...open(),
      another: open,
      crash: ({ broker }) => wiring.get(broker)?.kill(),
      loseLeases: () => endLeases(deployment, prefix),
      cleanup: () => removeKeys(deployment, prefix),
    };
  };
}
