import { WfeError } from "@wfe/core";
import type { ChannelModel, SocketOptions } from "amqplib";
import { urlsOf } from "./urls.ts";

/** Names and defaults are machinery's, so that both can share queues. */
export interface AmqpBrokerOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://`. Several are tried in turn. Default: this machine. */
  readonly url?: string | readonly string[] | undefined;
  /** Durable; "" for the server's default exchange. Default "machinery_exchange". */
  readonly exchange?: string | undefined;
  /** Default "direct". With another type, what goes to which queue is up to your bindings. */
  readonly exchangeType?: string | undefined;
  /** The queue that `bindingKey` leads to. Default "machinery_tasks". */
  readonly defaultQueue?: string | undefined;
  /** The routing key of the default queue; all others are bound with their own name. Default "machinery_task". */
  readonly bindingKey?: string | undefined;
  /** Arguments of every queue, such as `{ "x-max-length": 1e6 }`. Go has to give the same. Default none. */
  readonly queueDeclareArgs?: Readonly<Record<string, unknown>> | undefined;
  /** Arguments of every queue's binding. Default none. */
  readonly queueBindingArgs?: Readonly<Record<string, unknown>> | undefined;
  /** "quorum": replicated queues. Default "classic", as Go declares them. */
  readonly queueType?: "classic" | "quorum" | undefined;
  /** `x-max-priority` of every queue, 1–255; few levels cost less. Default none, as in Go. Not for quorum queues. */
  readonly maxPriority?: number | undefined;
  /** Put before the names of the exchanges and queues that delay. Default "wfe.delay", or "wfe.delay.quorum". */
  readonly delayPrefix?: string | undefined;
  /** The longest body, in UTF-8 bytes. Default 16 MiB, which is what RabbitMQ 4 takes by default. */
  readonly maxMessageBytes?: number | undefined;
  /** How long a call waits for the server before it rejects with `WFE_UNAVAILABLE`. Default 10,000. */
  readonly commandTimeoutMs?: number | undefined;
  /** A silent connection counts as lost after two of these. Default 10. */
  readonly heartbeatS?: number | undefined;
  /** TLS certificates and the like, for the socket. */
  readonly socket?: SocketOptions | undefined;
  /** Opens a connection in the place of amqplib's `connect`. What it opens is closed by the broker. */
  readonly connect?: Connect | undefined;
}

export type Connect = (url: string, socket: SocketOptions) => Promise<ChannelModel>;

/** The options with their defaults, checked. */
export interface Settings {
  readonly urls: readonly string[];
  readonly exchange: string;
  readonly exchangeType: string;
  readonly defaultQueue: string;
  readonly bindingKey: string;
  readonly queueArguments: Readonly<Record<string, unknown>>;
  readonly bindingArguments: Readonly<Record<string, unknown>>;
  readonly isQuorum: boolean;
  readonly priorities: boolean;
  readonly delayPrefix: string;
  readonly maxMessageBytes: number;
  readonly commandTimeoutMs: number;
  readonly socket: SocketOptions;
  readonly connect: Connect | undefined;
}

export function settingsOf(options: AmqpBrokerOptions): Settings {
  const { maxPriority, commandTimeoutMs = 10_000, heartbeatS = 10, queueType = "classic" } = options;
  const isQuorum = queueType === "quorum";
  if (!(commandTimeoutMs > 0)) throw invalid(`commandTimeoutMs must be above 0, got ${commandTimeoutMs}`);
  if (
    maxPriority !== undefined &&
    !(Number.isInteger(maxPriority) && maxPriority >= 1 && maxPriority <= 255)
  ) {
    throw invalid(`maxPriority must be a whole number from 1 to 255, got ${maxPriority}`);
  }
  if (maxPriority !== undefined && isQuorum) throw invalid("quorum queues take no maxPriority");
  const queueArguments = {
    ...(isQuorum && { "x-queue-type": "quorum", "x-delivery-limit": MOST_DELIVERIES }),
    ...(maxPriority !== undefined && { "x-max-priority": maxPriority }),
    ...options.queueDeclareArgs,
  };
  return {
    urls: urlsOf(options.url, heartbeatS),
    exchange: options.exchange ?? "machinery_exchange",
    exchangeType: options.exchangeType ?? "direct",
    defaultQueue: options.defaultQueue ?? "machinery_tasks",
    bindingKey: options.bindingKey ?? "machinery_task",
    queueArguments,
    bindingArguments: options.queueBindingArgs ?? {},
    isQuorum,
    priorities: "x-max-priority" in queueArguments,
    delayPrefix: options.delayPrefix ?? (isQuorum ? "wfe.delay.quorum" : "wfe.delay"),
    maxMessageBytes: options.maxMessageBytes ?? 16 * 2 ** 20,
    commandTimeoutMs,
    socket: { noDelay: true, timeout: commandTimeoutMs, ...options.socket },
    connect: options.connect,
  };
}

/** With any limit a quorum queue puts what comes back to its head, else to its end; core itself limits the runs. */
const MOST_DELIVERIES = 1_000_000;

function invalid(text: string): WfeError {
  return new WfeError("WFE_INVALID_OPTION", `amqp broker: ${text}`);
}
