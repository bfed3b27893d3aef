/**
 * The Broker port: carries messages, at least once.
 *
 * What an adapter promises (each promise has a case in `@wfe/testkit`'s `testBroker`):
 *
 * - **Durable.** `publish` resolves once every message is accepted durably. From then on a message is
 *   delivered again and again until a delivery of it is acked.
 * - **Per item.** A message that cannot be accepted never fails its neighbours: `publish` rejects with a
 *   `PublishError` that names, by index, those that were not accepted.
 * - **Blind.** Bodies are text. An adapter never looks inside and carries any Unicode text up to
 *   `facts.maxMessageBytes` (counted in UTF-8) unchanged.
 * - **Bounded.** `consume` never has more than `prefetch` deliveries unsettled, counted from the moment they
 *   leave the server.
 * - **Patient.** `consume` survives its server: it reconnects for ever, with backoff, and reports each
 *   failure through `onError`. It ends only when `signal` aborts.
 * - **Answering.** Every call settles, within the adapter's own time limit: `WFE_UNAVAILABLE` while the server is away.
 * - **Clean.** When `signal` aborts, what was fetched but not yet handed out goes back at once, not marked as
 *   redelivered. Deliveries already handed out can still be acked or released until `close`.
 *   `close` (`Symbol.asyncDispose`) gives back what is left, ends all timers, and closes only what the
 *   adapter opened itself; it may be called twice. After it every call rejects with `WFE_CLOSED`, and consumers end.
 * - **Separate.** One caller's aborted signal never aborts what others asked for in the same batch.
 */
export interface Broker extends AsyncDisposable {
  /** For logs and errors: "memory", "redis", … */
  readonly name: string;
  readonly facts: BrokerFacts;
  /** Resolves once every message is durably accepted; rejects with `PublishError`. An aborted `signal` rejects
   * with `WFE_ABORTED`; the messages may or may not have been accepted then. */
  publish(messages: readonly Message[], options?: CallOptions): Promise<void>;
  /** Deliveries of one queue until `signal` aborts, oldest first where `facts.ordering` says so. Leaving the loop
   * (`break`) counts as an abort of this consumer alone. */
  consume(options: ConsumeOptions): AsyncIterable<Delivery>;
  /** How many messages wait, run and are delayed, and the first of them, without disturbing any. */
  inspect(queue: string, options?: InspectOptions): Promise<QueueSnapshot>;
  /** The legal name of a queue's dead-letter queue here (SQS allows no dots, FIFO names end in `.fifo`). */
  deadLetterQueue(queue: string): string;
}

/** What a broker can do, declared once. Core decides by these facts, never by the broker's name. */
export interface BrokerFacts {
  /** The longest delay that `notBefore` may ask for; a longer one is refused with `WFE_UNSUPPORTED`, so core takes it
   * there in hops. `Infinity`: no limit. */
  readonly maxDelayMs: number;
  /** Delays are kept to a multiple of this, rounded down; core holds the rest. 1: exact, by the broker's clock. */
  readonly delayStepMs: number;
  readonly maxMessageBytes: number;
  /** The most messages one `publish` call takes. Core splits larger ones. */
  readonly maxBatch: number;
  /** Higher `priority` first. */
  readonly priorities: boolean;
  /** "fifo": in order of publishing (one consumer, no redelivery); "key": per `orderingKey`; "none": no promise. */
  readonly ordering: "fifo" | "key" | "none";
  /** Whether `Delivery.redelivered` is known. */
  readonly tellsRedelivery: boolean;
  /** Default false. True: eager, `publish` resolves when the tasks have run, and whatever they set off; delays are ignored. */
  readonly immediate?: boolean;
  /** Whether `release({ delayMs })` is possible. */
  readonly delayedRelease: boolean;
  /** Which counts `inspect` can tell; the others are undefined. */
  readonly inspects: readonly ("waiting" | "running" | "delayed")[];
  /** Whether `inspect` can show bodies. False: its lists are always empty. */
  readonly peeks: boolean;
}

export interface Message {
  /** Of the call inside. The same id may be published again on purpose (a retry has another body), so a broker with
   * deduplication must take the body into account too. */
  readonly id: string;
  readonly queue: string;
  readonly body: string;
  /** Not delivered before this moment (epoch ms; a fraction is rounded up). Past or absent: at once. */
  readonly notBefore?: number | undefined;
  /** 0–255, higher first, where `facts.priorities`. */
  readonly priority?: number | undefined;
  readonly orderingKey?: string | undefined;
  /** Copied to the vendor's own headers where it has them (AMQP), for tools that look at those. Never read back. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}

export interface ConsumeOptions {
  readonly queue: string;
  /** ≥ 1. The most deliveries unsettled at any moment. */
  readonly prefetch: number;
  readonly signal: AbortSignal;
  /** Names this consumer in the vendor's tools. Unique per process is up to the adapter. */
  readonly tag?: string | undefined;
  /** Deliveries in hand that only wait for their moment, and do not count towards `prefetch`. Never more than
   * `prefetch`; always 0 where `facts` say that delays are exact. */
  readonly held?: (() => number) | undefined;
  /** Told of each failure that the consumer survived (connection lost, fetch refused). What it throws is ignored. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A message in the hands of a worker, until it is acked or released. Settling twice is a no-op. */
export interface Delivery {
  readonly body: string;
  /** True: an earlier delivery of this message ended without an ack. Undefined: this broker cannot tell. */
  readonly redelivered: boolean | undefined;
  /** Aborted when the lease on this delivery is lost: it will be, or was, delivered to somebody else. */
  readonly signal: AbortSignal;
  /** Resolves once the message will not be delivered again. Rejects when that cannot be known. */
  ack(): Promise<void>;
  /** Back to its queue, told as a redelivery next time. `delayMs` only where `facts.delayedRelease`,
   * else rejects with `WFE_UNSUPPORTED`. */
  release(options?: { readonly delayMs?: number }): Promise<void>;
}

export interface InspectOptions extends CallOptions {
  /** How many bodies to show of each kind. Default 0. */
  readonly limit?: number;
}

/** Counts that the broker cannot tell are undefined (see `facts.inspects`). */
export interface QueueSnapshot {
  readonly waiting: number | undefined;
  readonly running: number | undefined;
  readonly delayed: number | undefined;
  /** The first waiting bodies, next to be delivered first. */
  readonly firstWaiting: readonly string[];
  /** The first delayed bodies, soonest first. */
  readonly firstDelayed: readonly { readonly body: string; readonly notBefore: number }[];
}

/** Taken by everything that waits for a server. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
