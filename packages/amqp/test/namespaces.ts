import type { Broker, Message } from "@wfe/core";
import { uniqueName } from "@wfe/testkit";
import { afterEach } from "vitest";
import { amqpBroker, type AmqpBrokerOptions } from "../src/index.ts";
import { url, type Wires, wires, withAdmin } from "./server.ts";

/** A queue, an exchange and a first broker of one test's own. */
interface Place {
  readonly broker: Broker;
  readonly wired: Wires;
  readonly queue: string;
  readonly exchange: string;
  /** Another broker in the same place. */
  another(more?: AmqpBrokerOptions): Broker;
}

/** Opens places, which are closed and removed after each test. */
export function namespaces(options: AmqpBrokerOptions = {}): (more?: AmqpBrokerOptions) => Place {
  const open: { readonly place: Place; readonly brokers: Broker[] }[] = [];
  afterEach(async () => {
    for (const { place, brokers } of open.splice(0)) {
      await Promise.all(brokers.map((one) => one[Symbol.asyncDispose]()));
      await withAdmin(async (model) => {
        const channel = await model.createChannel();
        await channel.deleteQueue(place.queue);
        await channel.deleteExchange(place.exchange);
      });
    }
  });
  return (more = {}) => {
    const exchange = uniqueName("exchange");
    const brokers: Broker[] = [];
    const wired = wires();
    const another = (other: AmqpBrokerOptions = {}): Broker => {
      const broker = amqpBroker({ url, exchange, commandTimeoutMs: 5_000, ...options, ...more, ...other });
      brokers.push(broker);
      return broker;
    };
    const place = {
      broker: another({ connect: wired.connect }),
      wired,
      queue: uniqueName("q"),
      exchange,
      another,
    };
    open.push({ place, brokers });
    return place;
  };
}

export function message(queue: string, body: string, more: Partial<Message> = {}): Message {
  return { id: body.slice(0, 100), queue, body, ...more };
}
