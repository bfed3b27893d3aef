import type { Broker, Delivery } from "@wfe/core";
import { type Broken, consuming } from "./adapters.ts";

const RELEASED = "a released message comes back, told as a redelivery";
const DEAD_CONSUMER = "redelivers what a dead consumer held, told as a redelivery (D-30)";
const RANDOM_STOPS = "nothing is lost and nothing comes twice when consumers stop at 50 random moments";

/** Deliveries that the consumer fetched ahead and forgets when it is stopped. */
function readingAhead(broker: Broker, times = 1): Broker {
  return {
    ...broker,
    async *consume(options) {
      const ahead: Delivery[] = [];
      let wake = (): void => undefined;
      let isOver = false;
      const fetch = async (): Promise<void> => {
        for await (const delivery of broker.consume({ ...options, prefetch: options.prefetch * times })) {
          ahead.push(delivery);
          wake();
        }
        isOver = true;
        wake();
      };
      const fetching = fetch();
      while (!options.signal.aborted && !isOver) {
        const next = ahead.shift();
        if (next) yield next;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
      await fetching;
    },
  };
}

export const brokenBrokers: readonly Broken<Broker>[] = [
  {
    defect: "loses every tenth message",
    caughtBy: [
      "a backlog drains completely",
      "two consumers each on two connections get every message once between them",
    ],
    breaking: (broker) => {
      let count = 0;
      return {
        ...broker,
        publish: (messages, options) =>
          broker.publish(
            messages.filter(() => ++count % 10 > 0),
            options,
          ),
      };
    },
  },
  {
    defect: "publishes every message twice",
    caughtBy: [
      "two consumers each on two connections get every message once between them",
      "a backlog drains completely",
      "an acked message is not delivered again",
    ],
    breaking: (broker) => ({
      ...broker,
      publish: (messages, options) => broker.publish([...messages, ...messages], options),
    }),
  },
  {
    defect: "ignores prefetch",
    caughtBy: [
      "prefetch bounds what leaves the server: the rest goes to others",
      "prefetch 1 is respected at every moment",
      "prefetch 4 is respected at every moment",
    ],
    breaking: (broker) =>
      consuming(
        broker,
        (delivery) => delivery,
        (options) => ({ ...options, prefetch: 1_000 }),
      ),
  },
  {
    defect: "acks as it hands out",
    caughtBy: [
      DEAD_CONSUMER,
      "what a dead consumer had fetched but not handed out is not lost (D-30)",
      "a message survives one dead consumer after another",
      RELEASED,
    ],
    breaking: (broker) =>
      consuming(broker, (delivery) => {
        void delivery.ack();
        return delivery;
      }),
  },
  {
    defect: "forgets to ack",
    caughtBy: ["an acked message is not delivered again", "what was acked before a crash does not come back"],
    breaking: (broker) => consuming(broker, (delivery) => ({ ...delivery, ack: () => Promise.resolve() })),
  },
  {
    defect: "acks everything before the delivery too",
    caughtBy: ["an ack settles one delivery and no other (D-14)"],
    breaking: (broker) => {
      const handed: Delivery[] = [];
      return consuming(broker, (delivery) => {
        handed.push(delivery);
        const upTo = handed.length;
        return {
          ...delivery,
          ack: async () => void (await Promise.all(handed.slice(0, upTo).map((one) => one.ack()))),
        };
      });
    },
  },
  {
    defect: "settles by message and not by delivery, so a late ack hits another's copy",
    caughtBy: [
      "settling twice is a no-op, whichever comes first",
      "a late ack or release of a dead consumer does not touch the copy that somebody else holds",
    ],
    breaking: (broker, shared) =>
      consuming(broker, (delivery) => {
        shared.set(delivery.body, delivery);
        const newest = (): Delivery => shared.get(delivery.body) as Delivery;
        return { ...delivery, ack: () => newest().ack(), release: (options) => newest().release(options) };
      }),
  },
  {
    defect: "drops what is released",
    caughtBy: [RELEASED, "a slot is free again after an ack and after a release"],
    breaking: (broker) => consuming(broker, (delivery) => ({ ...delivery, release: () => delivery.ack() })),
  },
  {
    defect: "tells no redelivery",
    caughtBy: [RELEASED, DEAD_CONSUMER],
    breaking: (broker) => consuming(broker, (delivery) => ({ ...delivery, redelivered: false })),
  },
  {
    defect: "tells every delivery as a redelivery",
    caughtBy: [
      "a first delivery is told as such",
      "on abort, what was fetched but not handed out goes back at once, not as a redelivery",
    ],
    breaking: (broker) => consuming(broker, (delivery) => ({ ...delivery, redelivered: true })),
  },
  {
    defect: "forgets what it fetched ahead when stopped",
    caughtBy: [
      "on abort, what was fetched but not handed out goes back at once, not as a redelivery",
      RANDOM_STOPS,
    ],
    breaking: (broker) => readingAhead(broker),
  },
  {
    defect: "fetches twice its prefetch",
    caughtBy: [
      "prefetch counts deliveries that were fetched but not yet asked for",
      "prefetch bounds what leaves the server: the rest goes to others",
    ],
    breaking: (broker) => readingAhead(broker, 2),
  },
];
