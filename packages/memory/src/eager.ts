import { type Broker, type BrokerFacts, PublishError, systemClock, toError, WfeError } from "@wfe/core";
import { aborted, gate } from "./connection.ts";
import { type Entry, queue, type Queue } from "./queue.ts";
import { session } from "./session.ts";

const DEAD = ".dead";
const FACTS: BrokerFacts = {
  maxDelayMs: Infinity,
  delayStepMs: 1,
  maxMessageBytes: Infinity,
  maxBatch: Infinity,
  priorities: false,
  ordering: "none",
  tellsRedelivery: true,
  delayedRelease: true,
  inspects: ["waiting", "running", "delayed"],
  peeks: true,
  immediate: true,
};

/**
 * Runs tasks at send: `publish` resolves when its messages were acked, and so were all that they led to, since a
 * worker publishes callbacks and retries before it acks. Prefetch, delays and priorities are passed over, and a
 * release delivers again at once. Rejects, not to be repeated, a message whose queue no worker consumes. Only dead
 * letters are kept.
 */
export function eagerBroker(): Broker {
  const { enter, close } = gate("eager broker");
  const { consume, end } = session();
  const queues = new Map<string, EagerQueue>();

  const queueOf = (name: string): EagerQueue => {
    let found = queues.get(name);
    if (found === undefined)
      queues.set(name, (found = name.endsWith(DEAD) ? keepingQueue() : eagerQueue(name)));
    return found;
  };

  return {
    name: "eager",
    facts: FACTS,
    async publish(messages, call) {
      enter(call);
      const failures = new Map<number, Error>();
      const runs = messages.map((message, index) =>
        queueOf(message.queue)
          .run(message.body)
          .catch((error: unknown) => void failures.set(index, toError(error))),
      );
      await unlessAborted(Promise.all(runs), call?.signal);
      if (failures.size > 0) throw new PublishError(failures, messages.length);
    },
    consume: (consumption) => ({
      [Symbol.asyncIterator]() {
        enter();
        const prefetch = consumption.queue.endsWith(DEAD) ? consumption.prefetch : Infinity;
        return consume(queueOf(consumption.queue), { ...consumption, prefetch });
      },
    }),
    async inspect(name, inspection) {
      enter(inspection);
      return queueOf(name).inspect(inspection?.limit ?? 0);
    },
    deadLetterQueue: (name) => name + DEAD,
    async [Symbol.asyncDispose]() {
      if (close()) end();
    },
  };
}

interface EagerQueue extends Queue {
  /** Resolves once a delivery of `body` was acked; rejects as soon as nobody is left who could do it. */
  run(body: string): Promise<void>;
}

/** For dead letters: nobody consumes them until somebody looks. */
function keepingQueue(): EagerQueue {
  const inner = queue(systemClock);
  return { ...inner, run: async (body) => void inner.publish({ id: "", queue: "", body }) };
}

interface Publisher {
  accept(): void;
  refuse(error: Error): void;
}

/** A queue that keeps nothing: whatever would wait in it without a consumer is refused. */
function eagerQueue(name: string): EagerQueue {
  const inner = queue(systemClock);
  const publishers = new Map<Entry, Publisher>();
  let consumers = 0;

  const finish = (entry: Entry): Publisher | undefined => {
    inner.drop(entry);
    const publisher = publishers.get(entry);
    publishers.delete(entry);
    return publisher;
  };
  const refuseStranded = (): void => {
    if (consumers > 0) return;
    for (let entry = inner.take(); entry !== undefined; entry = inner.take())
      finish(entry)?.refuse(noWorker(name));
  };

  return {
    ...inner,
    run: (body) =>
      new Promise((accept, refuse) => {
        publishers.set(inner.publish({ id: "", queue: name, body }), { accept, refuse });
        refuseStranded();
      }),
    drop(entry) {
      finish(entry)?.accept();
    },
    putBack(entry) {
      inner.putBack(entry);
      refuseStranded();
    },
    listeners(change) {
      consumers += change;
      refuseStranded();
    },
  };
}

function noWorker(queue: string): WfeError {
  const message = `eager mode needs a started worker: nobody consumes queue "${queue}"`;
  return new WfeError("WFE_UNAVAILABLE", message, { retryable: false });
}

/** As `promise`, but rejects with `WFE_ABORTED` as soon as `signal` aborts. */
async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await promise);
  const { promise: abort, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(aborted("eager broker", signal));
  signal.addEventListener("abort", onAbort);
  await Promise.race([promise, abort]).finally(() => signal.removeEventListener("abort", onAbort));
}
