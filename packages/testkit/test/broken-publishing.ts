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
  {
    defect: "refuses headers that are no strings",
    caughtBy: ["headers of any shape are carried or left out, never a reason to refuse (D-13)"],
    breaking: (broker) => ({
      ...broker,
      async publish(messages, options) {
        const odd = messages
          .flatMap((one) => Object.values(one.headers ?? {}))
          .find((one) => typeof one !== "string");
        if (odd !== undefined) throw new TypeError("a header must be a string");
        await broker.publish(messages, options);
      },
    }),
  },
  {
    defect: "keeps delayed messages in the publisher's memory (D-50)",
    caughtBy: [
      "delayed messages survive their publisher and reach a consumer that waits elsewhere",
      "what was delayed or waiting when its publisher died is delivered",
    ],
    breaking: (broker) => {
      const timers: NodeJS.Timeout[] = [];
      return {
        ...broker,
        async publish(messages, options) {
          for (const { notBefore = 0, ...message } of messages) {
            const send = (): Promise<void> => broker.publish([message], options);
            const delayMs = notBefore - Date.now();
            if (delayMs > 0) timers.push(setTimeout(() => void send(), delayMs));
            else await send();
          }
        },
        async [Symbol.asyncDispose]() {
          timers.forEach(clearTimeout);
          await broker[Symbol.asyncDispose]();
        },
      };
    },
  },
  {
    defect: "accepts and forgets",
    caughtBy: ["what was published stays when its publisher closes"],
    breaking: (broker) => ({ ...broker, publish: async () => undefined }),
  },
];
