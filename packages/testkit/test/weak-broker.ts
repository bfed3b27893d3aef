import {
  type Broker,
  type BrokerFacts,
  type ConsumeOptions,
  type Delivery,
  PublishError,
  WfeError,
} from "@wfe/core";
import { memoryBroker, type MemoryStore } from "@wfe/memory";
import { consuming } from "./adapters.ts";

/** A broker that can do little, says so in its facts, and keeps every promise that is left. */
export function weakBroker(store: MemoryStore, weaker: Partial<BrokerFacts>): Broker {
  const inner = memoryBroker({ store, maxMessageBytes: 64 * 1024 });
  const facts: BrokerFacts = { ...inner.facts, ...weaker };
  const { maxDelayMs, delayStepMs, ordering } = facts;

  const refusal = (notBefore = 0): Error | undefined =>
    notBefore - Date.now() > maxDelayMs ? new WfeError("WFE_UNSUPPORTED", "too long a delay") : undefined;
  const scramble = (key: string | undefined): number => {
    if (ordering === "fifo") return 0;
    if (ordering === "none" || key === undefined) return Math.floor(Math.random() * 256);
    return Buffer.from(key).reduce((sum, byte) => (sum * 31 + byte) % 256, 7);
  };
  const stepDown = (at: number): number =>
    delayStepMs === 1 ? at : Math.floor(at / delayStepMs) * delayStepMs;
  const change = (delivery: Delivery): Delivery => ({
    ...delivery,
    redelivered: facts.tellsRedelivery ? delivery.redelivered : undefined,
    release: (options) =>
      options?.delayMs !== undefined && !facts.delayedRelease
        ? Promise.reject(new WfeError("WFE_UNSUPPORTED", "no delayed release"))
        : delivery.release(options),
  });

  return {
    ...consuming(inner, change),
    facts,
    async publish(messages, options) {
      if (messages.length > facts.maxBatch) throw new Error(`the kit published ${messages.length} at once`);
      const failures = new Map<number, Error>();
      for (const [index, { notBefore, ...message }] of messages.entries()) {
        const error = refusal(notBefore);
        if (error) failures.set(index, error);
        const dueAt = notBefore === undefined ? {} : { notBefore: stepDown(notBefore) };
        const sent = { ...message, ...dueAt, priority: scramble(message.orderingKey) };
        if (!error)
          await inner.publish([sent], options).catch((failed: Error) => take(failures, index, failed));
      }
      if (messages.length === 0) await inner.publish([], options);
      if (failures.size > 0) throw new PublishError(failures, messages.length);
    },
    async inspect(queue, options) {
      const snapshot = await inner.inspect(queue, options);
      const count = (kind: "waiting" | "running" | "delayed"): number | undefined =>
        facts.inspects.includes(kind) ? snapshot[kind] : undefined;
      const counts = { waiting: count("waiting"), running: count("running"), delayed: count("delayed") };
      return { ...counts, firstWaiting: [], firstDelayed: [] };
    },
  };
}

/** The failure of a publish of one message, under its index in the whole batch; any other error as it is. */
function take(failures: Map<number, Error>, index: number, error: Error): void {
  if (!(error instanceof PublishError)) throw error;
  failures.set(index, error.failures.get(0) ?? error);
}

/** A broker whose connection can be cut: its consumers tell `onError`, connect anew and go on. */
export function reconnecting(connect: () => Broker): { broker: Broker; cut: () => Promise<void> } {
  let current = connect();
  let closed = false;
  let cuts = 0;

  async function* consume(options: ConsumeOptions): AsyncGenerator<Delivery> {
    while (!options.signal.aborted) {
      const before = cuts;
      yield* current.consume(options);
      if (closed) throw new WfeError("WFE_CLOSED", "closed");
      if (cuts > before) report(options);
    }
  }
  const report = ({ onError }: ConsumeOptions): void => {
    try {
      onError?.(new WfeError("WFE_UNAVAILABLE", "the connection was cut"));
    } catch {
      // a logger that fails must not stop the consumer
    }
  };
  const broker: Broker = {
    name: current.name,
    facts: current.facts,
    publish: (...args) => current.publish(...args),
    inspect: (...args) => current.inspect(...args),
    deadLetterQueue: (queue) => current.deadLetterQueue(queue),
    consume,
    async [Symbol.asyncDispose]() {
      closed = true;
      await current[Symbol.asyncDispose]();
    },
  };
  const cut = async (): Promise<void> => {
    const old = current;
    cuts += 1;
    current = connect();
    await old[Symbol.asyncDispose]();
  };
  return { broker, cut };
}
