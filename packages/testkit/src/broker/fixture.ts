import type { Broker } from "@wfe/core";
import type { SuiteOptions } from "../suite.ts";

/** Given to the factory, once per test. */
export interface Namespace {
  /** Unique to this test, of letters, digits and dashes: for key prefixes, exchanges, virtual hosts. */
  readonly namespace: string;
}

/** One test's broker and how to reach its server from elsewhere. What is optional adds cases. */
export interface BrokerFixture {
  readonly broker: Broker;
  /** Another connection to the same server and namespace, with a consumer identity of its own. */
  another(): Broker | PromiseLike<Broker>;
  /** Makes a queue usable where the adapter does not do so itself (SQS). */
  prepare?(queue: string): void | PromiseLike<void>;
  /** The death of this broker's process: its connection is gone and nothing was given back. */
  crash?(broker: Broker): void | PromiseLike<void>;
  /** A stalled process: the server gives what `broker` holds to others, while `broker` lives on. */
  loseLeases?(broker: Broker): void | PromiseLike<void>;
  /** Cuts this broker's connections once. It must come back by itself. */
  interrupt?(broker: Broker): void | PromiseLike<void> | undefined;
  /** The broker's clock, by which delays are kept. Default: this machine's. */
  now?(): number | Promise<number>;
  /** After every broker was closed: removes the namespace and closes what the factory opened itself. */
  cleanup(): void | PromiseLike<void>;
}

export type BrokerFactory = (namespace: Namespace) => BrokerFixture | PromiseLike<BrokerFixture>;

export interface BrokerSuiteOptions extends SuiteOptions {
  /** How long at most until a dead consumer's messages come back. Default 1,000. */
  readonly leaseMs?: number | undefined;
  /** How late a delayed message may come on an idle machine. Default: `timeoutMs`. */
  readonly latenessMs?: number | undefined;
  /** Messages of the case that drains a backlog. Default 10,000. */
  readonly backlog?: number | undefined;
  /** Seed of the cases that stop at random moments. Default: random, told in the failure. */
  readonly seed?: number | undefined;
  /** Makes a name of letters, digits and dashes a legal queue name, for example by adding ".fifo". */
  readonly queueName?: ((name: string) => string) | undefined;
  /** Beginnings of queue names that are unusual but legal here. */
  readonly oddQueueNames?: readonly string[] | undefined;
}

export const ODD_QUEUE_NAMES: readonly string[] = [
  "with.dots.",
  "with_under_scores",
  "Mixed-CASE-",
  "with:colons:",
  "with spaces ",
  "with/slashes/",
  "{braces}",
  "star*hash#",
  "очередь-队列-🚀",
  "q".repeat(120),
];
