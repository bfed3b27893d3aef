import type { Backend, Broker, Lock } from "@wfe/core";
import { type CallRecord, type Fault, faults } from "./faults.ts";
import { faultyBackend } from "./faulty-backend.ts";
import { faultyBroker } from "./faulty-broker.ts";
import { faultyLock } from "./faulty-lock.ts";

/** One process whose calls to its adapters go wrong as planned: the same calls meet the same faults. */
export interface FaultInjector {
  /** `real`, seen through the faults. Closing it closes the real one, except after the crash. */
  broker(real: Broker): Broker;
  backend(real: Backend): Backend;
  lock(real: Lock): Lock;
  /** Adds faults to come. */
  plan(faults: readonly Fault[]): void;
  /** The n-th ack is answered, but not done. */
  dropAck(n: number): void;
  /** The message of the n-th delivery comes twice: it is published again, as if by somebody else. */
  duplicate(n: number): void;
  /** The n-th delivery is handed out after the next one, if that comes soon; prefetch must allow for two. */
  reorder(n: number): void;
  /** Every call so far, in order, up to the crash. */
  readonly calls: readonly CallRecord[];
  /** Resolves at the crash. Then close the real adapters, as a system does for its dead, and start a new process. */
  readonly crashed: Promise<void>;
}

/**
 * For tests of what survives which fault. Run a program once to learn its `calls`, then once more for each of them,
 * with a fault planned there.
 */
export function faultInjector(): FaultInjector {
  const shared = faults();
  return {
    broker: (real) => faultyBroker(real, shared),
    backend: (real) => faultyBackend(real, shared),
    lock: (real) => faultyLock(real, shared),
    plan: shared.plan,
    dropAck: (n) => shared.spoil("dropAck", n),
    duplicate: (n) => shared.spoil("duplicate", n),
    reorder: (n) => shared.spoil("reorder", n),
    calls: shared.calls,
    crashed: shared.crashed,
  };
}
