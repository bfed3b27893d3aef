import type { Delivery } from "@wfe/core";
import { bodyOf, isRedelivered } from "./element.ts";
import type { Lease } from "./lease.ts";

/** What a consumer does with the deliveries that it made. */
export interface Settler {
  ack(lease: Lease, field: string): Promise<void>;
  release(lease: Lease, field: string, delayMs: number): Promise<void>;
}

/** A message in hand. `field` is the number under which the server holds it for this lease. */
export interface Held {
  readonly field: string;
  readonly delivery: Delivery;
}

export function held(element: string, field: string, lease: Lease, settler: Settler): Held {
  let settled: Promise<void> | undefined;
  const delivery: Delivery = {
    body: bodyOf(element),
    redelivered: isRedelivered(element),
    signal: lease.signal,
    ack: () => (settled ? Promise.resolve() : (settled = settler.ack(lease, field))),
    release: (options) =>
      settled ? Promise.resolve() : (settled = settler.release(lease, field, options?.delayMs ?? 0)),
  };
  return { field, delivery };
}
