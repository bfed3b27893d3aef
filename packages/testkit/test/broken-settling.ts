import type { Broker, Delivery } from "@wfe/core";
import { type Broken, consuming } from "./adapters.ts";

/** Defects of consumers and of what they hand out. */
export const brokenSettling: readonly Broken<Broker>[] = [
  {
    defect: "resolves an ack that came too late",
    caughtBy: ["an ack after close tells the truth: it rejects, or the message is gone"],
    breaking: (broker) =>
      consuming(broker, (delivery) => ({ ...delivery, ack: () => delivery.ack().catch(() => undefined) })),
  },
  {
    defect: "releases at once, whatever the delay",
    caughtBy: ["release with a delay brings the message back after it"],
    breaking: (broker) =>
      consuming(broker, (delivery) => ({ ...delivery, release: () => delivery.release() })),
  },
  {
    defect: "tells nobody that a lease was lost",
    caughtBy: [
      "a lost lease aborts the delivery's signal, and settling it then does not touch the other's copy",
    ],
    breaking: (broker) =>
      consuming(broker, (delivery) => ({ ...delivery, signal: new AbortController().signal })),
  },
  {
    defect: "ends its leases with the consumer",
    caughtBy: ["what is in hand when the consumer's signal aborts can still be acked or released"],
    breaking: (broker) => consuming(broker, (delivery, { signal }) => ({ ...delivery, signal })),
  },
  {
    defect: "does not renew its leases",
    caughtBy: ["a living consumer keeps what it holds, however long"],
    breaking: (broker, shared) =>
      consuming(broker, (delivery) => {
        if (delivery.body === "held" && !shared.has("lapsed")) {
          shared.set("lapsed", true);
          queueMicrotask(() => void delivery.release());
        }
        return delivery;
      }),
  },
  {
    defect: "cannot settle in another order than it hands out",
    caughtBy: ["deliveries can be settled in any order", "settling twice is a no-op, whichever comes first"],
    breaking: (broker) => {
      const handed: Delivery[] = [];
      return consuming(broker, (delivery) => {
        handed.push(delivery);
        return { ...delivery, ack: async () => await handed.shift()?.ack() };
      });
    },
  },
  {
    defect: "closes with its first consumer",
    caughtBy: ["stopping one consumer leaves the broker's other consumers and its publishing alive (D-39)"],
    breaking: (broker) =>
      consuming(
        broker,
        (delivery) => delivery,
        (options) => {
          options.signal.addEventListener("abort", () => void broker[Symbol.asyncDispose]());
          return options;
        },
      ),
  },
  {
    defect: "shows the last waiting first, and the delayed in no order",
    caughtBy: [
      "inspect shows the first waiting bodies, next to be delivered first",
      "inspect shows the first delayed bodies, soonest first",
    ],
    breaking: (broker) => ({
      ...broker,
      async inspect(queue, options) {
        const { firstWaiting, firstDelayed, ...counts } = await broker.inspect(queue, options);
        return {
          ...counts,
          firstWaiting: firstWaiting.toReversed(),
          firstDelayed: firstDelayed.toReversed(),
        };
      },
    }),
  },
];
