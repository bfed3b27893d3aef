import type { Broker, Message } from "@wfe/core";
import { type Broken, consuming } from "./adapters.ts";

const EARLY = "a delayed message is never early by the broker's clock, nor very late";

/** The broker with other messages than those it was asked to publish. */
function publishing(broker: Broker, change: (message: Message) => Message): Broker {
  return { ...broker, publish: (messages, options) => broker.publish(messages.map(change), options) };
}

export const brokenDelivery: readonly Broken<Broker>[] = [
  {
    defect: "ignores notBefore",
    caughtBy: [EARLY, "a delayed message holds nobody up, and what is due sooner comes first (D-17, D-35)"],
    breaking: (broker) => publishing(broker, (message) => ({ ...message, notBefore: undefined })),
  },
  {
    defect: "delivers 20 ms early",
    caughtBy: [EARLY],
    breaking: (broker) =>
      publishing(broker, (one) => ({
        ...one,
        notBefore: one.notBefore === undefined ? undefined : one.notBefore - 20,
      })),
  },
  {
    defect: "delivers everything in order of publishing, so that a far-off message delays a near one",
    caughtBy: [
      "a far-future message never delays a near one",
      "a delayed message holds nobody up, and what is due sooner comes first (D-17, D-35)",
    ],
    breaking: (broker, shared) =>
      publishing(broker, (message) => {
        const latest = Math.max((shared.get("latest") as number | undefined) ?? 0, message.notBefore ?? 0);
        shared.set("latest", latest);
        return { ...message, notBefore: latest };
      }),
  },
  {
    defect: "lets its timers overflow",
    caughtBy: ["a delay longer than 24.8 days, where a timer overflows, is kept (D-16)"],
    breaking: (broker) =>
      publishing(broker, (message) => {
        const delayMs = (message.notBefore ?? 0) - Date.now();
        return delayMs >= 2 ** 31 ? { ...message, notBefore: Date.now() + 1 } : message;
      }),
  },
  {
    defect: "drops the priority",
    caughtBy: ["delivers the highest priority first", "a delayed message keeps its priority (D-12)"],
    breaking: (broker) => publishing(broker, (message) => ({ ...message, priority: undefined })),
  },
  {
    defect: "delivers the newest first",
    caughtBy: ["delivers in order of publishing", "keeps the order within each ordering key"],
    breaking: (broker) => {
      let count = 255;
      return publishing(broker, (message) => ({ ...message, priority: 255 - (count-- & 127) }));
    },
  },
  {
    defect: "strips the byte order mark",
    caughtBy: ["carries what trimming and sniffing would change unchanged"],
    breaking: (broker) => consuming(broker, (one) => ({ ...one, body: one.body.replace(/^\uFEFF/, "") })),
  },
  {
    defect: "cuts text at NUL",
    caughtBy: ["carries control characters and NUL unchanged"],
    breaking: (broker) => consuming(broker, (one) => ({ ...one, body: one.body.split("\0")[0] ?? "" })),
  },
  {
    defect: "carries Latin-1",
    caughtBy: ["carries unicode and emoji unchanged"],
    breaking: (broker) =>
      consuming(broker, (one) => ({ ...one, body: Buffer.from(one.body, "latin1").toString("latin1") })),
  },
  {
    defect: "never delivers an empty body",
    caughtBy: ["an empty body is a message like any other and hurts no neighbour (D-14)"],
    breaking: (broker) => ({
      ...broker,
      publish: (messages, options) =>
        broker.publish(
          messages.filter(({ body }) => body !== ""),
          options,
        ),
    }),
  },
  {
    defect: "cuts queue names at 20 characters",
    caughtBy: [
      "two queues do not mix (D-11)",
      "the dead-letter queue is another queue, always the same, legal and usable",
    ],
    breaking: (broker) => {
      const cut = (queue: string): string => queue.slice(0, 20).replace(/-.*/, "");
      return {
        ...consuming(
          broker,
          (one) => one,
          (options) => ({ ...options, queue: cut(options.queue) }),
        ),
        publish: (messages, options) =>
          broker.publish(
            messages.map((one) => ({ ...one, queue: cut(one.queue) })),
            options,
          ),
        deadLetterQueue: cut,
      };
    },
  },
  {
    defect: "inspects by consuming and releasing",
    caughtBy: ["inspect disturbs nothing: order, content and first deliveries stay (D-18)"],
    breaking: (broker) => ({
      ...broker,
      async inspect(queue, options) {
        const snapshot = await broker.inspect(queue, options);
        if ((snapshot.waiting ?? 0) === 0) return snapshot;
        const stopping = new AbortController();
        for await (const one of broker.consume({ queue, prefetch: 1, signal: stopping.signal })) {
          stopping.abort();
          await one.release();
        }
        return snapshot;
      },
    }),
  },
  {
    defect: "counts nothing",
    caughtBy: ["inspect counts what waits, runs and is delayed"],
    breaking: (broker) => ({
      ...broker,
      inspect: async (...args) => ({
        ...(await broker.inspect(...args)),
        waiting: 0,
        running: 0,
        delayed: 0,
      }),
    }),
  },
  {
    defect: "does not look at the signal",
    caughtBy: ["publish with an aborted signal rejects with WFE_ABORTED, and the broker goes on"],
    breaking: (broker) => ({ ...broker, publish: (messages) => broker.publish(messages) }),
  },
  {
    defect: "leaves a timer behind",
    caughtBy: ["leaves no timer and no socket behind once everything is closed"],
    breaking: (broker) => ({
      ...broker,
      async publish(messages, options) {
        setTimeout(() => undefined, 2_000);
        await broker.publish(messages, options);
      },
    }),
  },
  {
    defect: "does not close",
    caughtBy: [
      "use after close rejects with WFE_CLOSED, and brings no connection back (D-22)",
      "close ends a consumer that is blocked in a fetch",
      "close gives back what is in hand, as a redelivery, and what was never handed out, as new",
    ],
    breaking: (broker) => ({ ...broker, [Symbol.asyncDispose]: () => Promise.resolve() }),
  },
  {
    defect: "fails to close twice",
    caughtBy: ["close may be called twice, also at once"],
    breaking: (broker) => {
      let closed = false;
      return {
        ...broker,
        async [Symbol.asyncDispose]() {
          if (closed) throw new Error("closed already");
          closed = true;
          await broker[Symbol.asyncDispose]();
        },
      };
    },
  },
  {
    defect: "goes on after its signal aborted",
    caughtBy: [
      "a consumer whose signal aborted before it started ends at once and takes nothing",
      "a consumer blocked on an empty queue ends when its signal aborts, and takes nothing more",
    ],
    breaking: (broker) =>
      consuming(
        broker,
        (one) => one,
        (options) => ({ ...options, signal: new AbortController().signal }),
      ),
  },
];
