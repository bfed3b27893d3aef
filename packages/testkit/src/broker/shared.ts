import { expect } from "vitest";
import type { Broker, ConsumeOptions, Delivery, PublishError } from "@wfe/core";
import { codeOf, rejection } from "../eventually.ts";
import type { BrokerTest } from "./context.ts";

/** A limit above this is not tried out: the test would measure memory. */
const LARGEST_TRIED_BYTES = 32 * 2 ** 20;

export function needsOversize({ facts }: BrokerTest): string | undefined {
  return facts.maxMessageBytes > LARGEST_TRIED_BYTES
    ? "facts.maxMessageBytes is too large to exceed in a test"
    : undefined;
}

export function bodiesOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map((delivery) => delivery.body);
}

/** What `redelivered` has to say here: the truth where the broker can tell, else nothing. */
export function told({ facts }: BrokerTest, redelivered: boolean): boolean | undefined {
  return facts.tellsRedelivery ? redelivered : undefined;
}

/** Asserts that a publish rejects with a `PublishError` that names exactly these messages, by index, and why. */
export async function expectFailures(
  published: Promise<void>,
  codes: Readonly<Record<number, string>>,
): Promise<void> {
  const error = (await rejection(published, "WFE_PUBLISH_FAILED")) as PublishError;
  const found = [...error.failures].map(([index, failure]) => [index, codeOf(failure)]);
  expect(Object.fromEntries(found)).toEqual(codes);
}

export function numbered(count: number, prefix = "body"): string[] {
  const width = String(count).length;
  return Array.from({ length: count }, (_, i) => `${prefix} ${String(i).padStart(width, "0")}`);
}

/** Settled or rejected, but not for ever: whether it resolved. */
export async function resolves(promise: Promise<unknown>): Promise<boolean> {
  const [end] = await Promise.allSettled([promise]);
  return end.status === "fulfilled";
}

/** A consumer whose deliveries are asked for one by one. */
export function iterate(broker: Broker, options: ConsumeOptions): AsyncIterator<Delivery> {
  return broker.consume(options)[Symbol.asyncIterator]();
}
