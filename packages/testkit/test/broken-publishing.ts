import { type Broker, PublishError, WfeError } from "@wfe/core";
import { type Broken, MAX_MESSAGE_BYTES } from "./adapters.ts";

export const brokenPublishing: readonly Broken<Broker>[] = [
  {
    defect: "drops repeated ids",
    caughtBy: ["the same id published twice is delivered twice (D-43)"],
    breaking: (broker, shared) => ({
      ...broker,
      publish: (messages, options) =>
        broker.publish(
          messages.filter(({ id }) => !shared.has(id) && shared.set(id, true)),
          options,
        ),
    }),
  },
  {
    defect: "refuses the neighbours of an oversized message",
    caughtBy: ["publish refuses an oversized message by its index and accepts its neighbours"],
    breaking: (broker) => ({
      ...broker,
      async publish(messages, options) {
        const large = messages.filter(({ body }) => Buffer.byteLength(body) > MAX_MESSAGE_BYTES);
        if (large.length === 0) return await broker.publish(messages, options);
        const error = new WfeError("WFE_TOO_LARGE", "too large");
        throw new PublishError(new Map(messages.map((_, index) => [index, error])), messages.length);
      },
    }),
  },
  {
    defect: "swallows what it cannot publish",
    caughtBy: [
      "publish refuses an oversized message by its index and accepts its neighbours",
      "a body of exactly maxMessageBytes is accepted, counted in UTF-8",
      "concurrent publishes each learn their own outcome (D-19)",
    ],
    breaking: (broker) => ({
      ...broker,
      publish: (messages, options) => broker.publish(messages, options).catch(() => undefined),
    }),
  },
  {
    defect: "leaves a listener on each signal",
    caughtBy: ["leaves no listener on a signal that it was given"],
    breaking: (broker) => ({
      ...broker,
      publish(messages, options) {
        options?.signal?.addEventListener("abort", () => undefined);
        return broker.publish(messages, options);
      },
    }),
  },
];
