import type { Backend, Broker, Clock, Lock } from "@wfe/core";
import type { Namespace } from "../broker/fixture.ts";
import type { SuiteOptions } from "../suite.ts";

/** What one process has in hand. */
export interface Adapters {
  readonly broker: Broker;
  readonly backend: Backend;
  readonly lock?: Lock | undefined;
}

/** A clock that a test moves: then no case waits for real time. `virtualTime()` of `@wfe/memory` is one. */
export interface TestClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Moves on until `promise` settles. */
  until<T>(promise: PromiseLike<T>): Promise<T>;
}

/** One test's servers and a first connection to them. What is optional adds cases. */
export interface WorkflowFixture extends Adapters {
  /** The adapters of another process: new connections to the same servers and namespace. */
  another(): Adapters | Promise<Adapters>;
  /** The death of the process that has these adapters: its connections are gone and nothing was given back. */
  crash?(adapters: Adapters): void | PromiseLike<void>;
  /** A stalled process: the server gives what it holds to others, while it lives on. */
  loseLeases?(adapters: Adapters): void | PromiseLike<void>;
  /** Makes a queue usable where the adapter does not do so itself (SQS). */
  prepare?(queue: string): void | PromiseLike<void>;
  /** Where all adapters live in this one. */
  readonly clock?: TestClock | undefined;
  /** After all was closed: removes the namespace. */
  cleanup(): void | PromiseLike<void>;
}

export type WorkflowFactory = (namespace: Namespace) => WorkflowFixture | Promise<WorkflowFixture>;

export interface WorkflowSuiteOptions extends SuiteOptions {
  /** Makes a unique name of letters, digits and dashes a legal queue name, for example by adding ".fifo". */
  readonly queueName?: ((name: string) => string) | undefined;
  /** How long at most until a dead consumer's messages come back. Default 1,000. */
  readonly leaseMs?: number | undefined;
  /** Members of the large group. Default 1,000. */
  readonly members?: number | undefined;
  /** Seed of the cases that stop at random moments. Default: random, told in the failure. */
  readonly seed?: number | undefined;
  /** The step of delays that cases ask for, where there is no virtual time. Default 30. */
  readonly delayMs?: number | undefined;
}
