import { setImmediate as turn } from "node:timers/promises";
import { type Broker, type ConsumeOptions, type Delivery, toError } from "@wfe/core";
import type { Faults } from "./faults.ts";

type Step = IteratorResult<Delivery, undefined>;

/** How many turns of the event loop a reordered delivery waits for the next one. */
const TURNS_HELD = 50;

export function faultyBroker(real: Broker, faults: Faults): Broker {
  const { call } = faults;
  return {
    name: real.name,
    facts: real.facts,
    publish: (messages, options) => call("publish", () => real.publish(messages, options)),
    consume: (options) => ({
      [Symbol.asyncIterator]: () => faultyConsumer(real, faults, options),
    }),
    inspect: (queue, options) => call("inspect", () => real.inspect(queue, options)),
    deadLetterQueue: (queue) => real.deadLetterQueue(queue),
    [Symbol.asyncDispose]: () => faults.close(real),
  };
}

function faultyConsumer(
  real: Broker,
  faults: Faults,
  options: ConsumeOptions,
): AsyncIterator<Delivery, undefined> {
  const inner = real.consume(options)[Symbol.asyncIterator]();
  /** Was held back, and is next. */
  let late: Step | undefined;
  /** A fetch that was begun, and whose step nobody took. */
  let begun: Promise<Step> | undefined;

  /** As the port says: survives failures, and tells of them. What was fetched without an answer is redelivered. */
  const fetch = async (): Promise<Step> => {
    for (;;) {
      let asked = false;
      let fetched: Step | undefined;
      try {
        return await faults.call("consume.next", async () => {
          asked = true;
          return (fetched = await inner.next());
        });
      } catch (error) {
        if (asked && fetched === undefined) throw error; // the real one's own
        if (fetched?.done) return fetched;
        await fetched?.value.release();
        options.onError?.(toError(error));
      }
    }
  };

  const arrive = async (): Promise<Step> => {
    const step = await fetch();
    if (step.done) return step;
    const delivery = faultyDelivery(step.value, faults);
    if (faults.spoils("duplicate")) {
      await real.publish([{ id: "duplicate", queue: options.queue, body: delivery.body }]);
    }
    return { done: false, value: delivery };
  };

  const next = async (): Promise<Step> => {
    if (late !== undefined && !faults.dead) {
      const step = late;
      late = undefined;
      return step;
    }
    const step = await (begun ?? arrive());
    begun = undefined;
    return step.done || !faults.spoils("reorder") ? step : overtake(step);
  };

  /** The next step, if it comes soon, and `first` after that. */
  const overtake = async (first: Step): Promise<Step> => {
    begun = arrive();
    const second = await Promise.race([begun, turns(TURNS_HELD)]);
    if (second === undefined || second.done) return first;
    begun = undefined;
    faults.spoils("reorder"); // counted, too
    late = first;
    return second;
  };

  return {
    next,
    async return() {
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
}

function faultyDelivery(real: Delivery, faults: Faults): Delivery {
  return {
    body: real.body,
    redelivered: real.redelivered,
    signal: real.signal,
    ack() {
      const dropped = faults.spoils("dropAck");
      return faults.call("ack", async () => (dropped ? undefined : real.ack()));
    },
    release: (options) => faults.call("release", () => real.release(options)),
  };
}

async function turns(count: number): Promise<undefined> {
  for (let i = 0; i < count; i++) await turn();
}
