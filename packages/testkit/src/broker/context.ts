import { expect } from "vitest";
import type { Broker, BrokerFacts, Message, QueueSnapshot } from "@wfe/core";
import { eventually, within } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Opened } from "../suite.ts";
import { tap, type Tap, type TapOptions } from "../tap.ts";
import {
  type BrokerFactory,
  type BrokerFixture,
  type BrokerSuiteOptions,
  ODD_QUEUE_NAMES,
} from "./fixture.ts";

/** What a message needs beyond its queue: a body, or more. */
export type Draft = string | (Omit<Message, "id" | "queue"> & { readonly id?: string });

/** What a broker case works with. Everything it opens is closed with it. */
export interface BrokerTest {
  readonly broker: Broker;
  readonly facts: BrokerFacts;
  readonly fixture: Omit<BrokerFixture, "cleanup">;
  readonly settings: Settings;
  /** Another connection to the same server. */
  another(): Promise<Broker>;
  /** A whole new fixture, and how to clean it up. */
  reopen(): Promise<Opened<BrokerFixture>>;
  /** The death of this broker's process (see `BrokerFixture.crash`). */
  crash(broker: Broker): Promise<void>;
  /** A clean close, in the time a step may take. */
  close(broker: Broker): Promise<void>;
  /** A fresh queue that is ready for use. */
  queue(beginning?: string): Promise<string>;
  /** The broker's clock. */
  now(): Promise<number>;
  /** Publishes in order, in calls as large as the facts allow. */
  publish(queue: string, drafts: readonly Draft[], broker?: Broker): Promise<void>;
  consume(queue: string, options?: TapOptions & { readonly broker?: Broker }): Tap;
  /** Shows that nothing is left: of a marker that is published now, and of what is left, only the marker comes. */
  expectEmpty(queue: string, broker?: Broker): Promise<void>;
  /** Waits until the counts that this broker can tell are these. */
  expectCounts(queue: string, counts: Partial<Counts>, broker?: Broker): Promise<QueueSnapshot>;
}

export type Counts = Record<"waiting" | "running" | "delayed", number>;

export interface Settings {
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly latenessMs: number;
  readonly backlog: number;
  readonly seed: number;
  readonly queueName: (name: string) => string;
  readonly oddQueueNames: readonly string[];
}

export function brokerSettings(options: BrokerSuiteOptions): Settings {
  const timeoutMs = options.timeoutMs ?? 5_000;
  return {
    timeoutMs,
    leaseMs: options.leaseMs ?? 1_000,
    latenessMs: options.latenessMs ?? timeoutMs,
    backlog: options.backlog ?? 10_000,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
    queueName: options.queueName ?? ((name) => name),
    oddQueueNames: options.oddQueueNames ?? ODD_QUEUE_NAMES,
  };
}

/** Calls the factory and gives a case its tools. `close` stops consumers, then brokers, then cleans up. */
export async function openBrokerTest(
  factory: BrokerFactory,
  options: BrokerSuiteOptions = {},
): Promise<Opened<BrokerTest>> {
  const settings = brokerSettings(options);
  const { timeoutMs } = settings;
  const fixture = await factory({ namespace: uniqueName("kit") });
  const { broker } = fixture;
  const brokers = new Set([broker]);
  const taps: { readonly broker: Broker; readonly stop: () => Promise<void> }[] = [];
  const others: Opened<BrokerFixture>[] = [];

  const another = async (): Promise<Broker> => {
    const other = await fixture.another();
    brokers.add(other);
    return other;
  };
  const reopen = async (): Promise<Opened<BrokerFixture>> => {
    const fresh = await factory({ namespace: uniqueName("kit") });
    let closing: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await fresh.broker[Symbol.asyncDispose]();
      await fresh.cleanup();
    };
    const opened = { context: fresh, close: () => (closing ??= end()) };
    others.push(opened);
    return opened;
  };
  const crash = async (victim: Broker): Promise<void> => {
    if (!fixture.crash) throw new Error("this fixture has no crash()");
    brokers.delete(victim); // the dead close nothing
    await fixture.crash(victim);
  };
  const closeOne = async (one: Broker): Promise<void> => {
    brokers.delete(one); // what its consumers end with is for the case to say
    await within(one[Symbol.asyncDispose](), timeoutMs, "closing a broker");
  };
  const queue = async (beginning = ""): Promise<string> => {
    const name = settings.queueName(beginning + uniqueName("q"));
    await fixture.prepare?.(name);
    return name;
  };
  const publish = async (name: string, drafts: readonly Draft[], by: Broker = broker): Promise<void> => {
    const messages = drafts.map((draft) => messageOf(name, draft));
    const size = Math.min(broker.facts.maxBatch, 1_000);
    for (let from = 0; from < messages.length; from += size) {
      await within(by.publish(messages.slice(from, from + size)), timeoutMs, "publish");
    }
  };
  const consume: BrokerTest["consume"] = (name, { broker: by = broker, ...rest } = {}) => {
    const opened = tap(by, name, { timeoutMs, ...rest });
    taps.push({ broker: by, stop: opened.stop });
    return opened;
  };
  const expectCounts: BrokerTest["expectCounts"] = async (name, counts, by = broker) => {
    const known = broker.facts.inspects.filter((kind) => counts[kind] !== undefined);
    const wanted = Object.fromEntries(known.map((kind) => [kind, counts[kind]]));
    return await eventually(
      async () => {
        const snapshot = await by.inspect(name);
        expect(snapshot).toMatchObject(wanted);
        return snapshot;
      },
      { timeoutMs },
    );
  };
  const expectEmpty: BrokerTest["expectEmpty"] = async (name, by = broker) => {
    const marker = uniqueName("marker");
    await publish(name, [marker], by);
    const fence = consume(name, { broker: by, each: (delivery) => delivery.ack() });
    await eventually(() => expect(fence.deliveries.map((one) => one.body)).toContain(marker), { timeoutMs });
    expect(fence.deliveries.map((one) => one.body)).toEqual([marker]);
    await expectCounts(name, { waiting: 0, running: 0, delayed: 0 }, by);
    await fence.stop();
    expect(fence.deliveries.map((one) => one.body)).toEqual([marker]);
  };
  const close = async (): Promise<void> => {
    const ends = taps.map((one) =>
      brokers.has(one.broker) ? one.stop() : one.stop().catch(() => undefined),
    );
    const stopped = await Promise.allSettled(ends);
    const disposed = await Promise.allSettled([...brokers].map(closeOne));
    const cleaned = await Promise.allSettled([...others.map((one) => one.close()), cleanup(fixture)]);
    const failed = [...stopped, ...disposed, ...cleaned].find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  };
  const now = async (): Promise<number> => (fixture.now ? await fixture.now() : Date.now());
  const facts = broker.facts;
  const tools = {
    another,
    reopen,
    crash,
    close: closeOne,
    queue,
    now,
    publish,
    consume,
    expectEmpty,
    expectCounts,
  };
  return { context: { broker, facts, fixture, settings, ...tools }, close };
}

async function cleanup(fixture: BrokerFixture): Promise<void> {
  await fixture.cleanup();
}

export function messageOf(queue: string, draft: Draft): Message {
  const content = typeof draft === "string" ? { body: draft } : draft;
  return { id: uniqueName("message"), queue, ...content };
}
