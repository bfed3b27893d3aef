import { WfeError } from "@wfe/core";
import { Redis, type RedisOptions } from "ioredis";

/** What @wfe/redis uses of an ioredis `Redis` or `Cluster`. */
export interface RedisClient {
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: object;
  call(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  /** The socket of a single connection. */
  readonly stream?: { destroy(): unknown };
}

/** What kind of connection is asked for. Each is opened once per adapter, "blocking" once per consumer. */
export type Role = "commands" | "blocking" | "subscriber";

/**
 * Where to connect to. Whatever is given, an adapter works on connections of its own, on which a write is never
 * sent a second time behind its back, and closes those only:
 * - `url`: `redis://`, `rediss://` (TLS), or `redis+socket:///path?db=1`;
 * - `client`: an ioredis `Redis` (single server or Sentinel) or `Cluster`, from which the options are taken, or a
 *   function that makes one: it is called for every connection with the options that must be merged in.
 */
export type RedisConnectOptions = (
  | { readonly url: string; readonly client?: undefined }
  | { readonly client: ClientTemplate | ClientFactory; readonly url?: undefined }
) & {
  /** Put before every key. Default: the client's `keyPrefix`, else none. */
  readonly prefix?: string | undefined;
  /** How long a call waits for the server before it rejects with `WFE_UNAVAILABLE`. Default 5,000. */
  readonly commandTimeoutMs?: number | undefined;
};

/** A client that can be copied. Never used itself, and never closed. */
export interface ClientTemplate {
  readonly isCluster: boolean;
  readonly options: object;
  duplicate(...args: never[]): unknown;
}
export type ClientFactory = (overrides: RedisOptions, role: Role) => object;

/** How an adapter opens its connections. */
export interface Source {
  readonly prefix: string;
  readonly commandTimeoutMs: number;
  open(role: Role): RedisClient;
}

const RECONNECT_MS = { first: 20, most: 2_000 };

export function sourceOf(options: RedisConnectOptions, adapter: string): Source {
  const { url, client, commandTimeoutMs = 5_000 } = options;
  if (!(commandTimeoutMs > 0)) {
    throw new WfeError(
      "WFE_INVALID_OPTION",
      `${adapter}: commandTimeoutMs must be above 0, got ${commandTimeoutMs}`,
    );
  }
  const open = opener(url, client, adapter);
  const template = typeof client === "function" ? undefined : client;
  const { keyPrefix: inherited }: { readonly keyPrefix?: string } = template?.options ?? {};
  return {
    prefix: options.prefix ?? inherited ?? "",
    commandTimeoutMs,
    open(role) {
      const opened = open(overridesFor(role, commandTimeoutMs), role);
      opened.on("error", () => undefined); // told by whoever waits for the connection
      return opened;
    },
  };
}

/** Replies come in the shapes that do not depend on the version of the protocol. */
type Legacy = RedisOptions & { readonly replyMapping?: "legacy" };

type Open = (overrides: RedisOptions, role: Role) => RedisClient;

function opener(
  url: string | undefined,
  client: ClientTemplate | ClientFactory | undefined,
  adapter: string,
): Open {
  if (typeof client === "function") return (overrides, role) => client(overrides, role) as RedisClient;
  if (client) return (overrides) => duplicate(client, overrides);
  if (url === undefined) {
    throw new WfeError("WFE_INVALID_OPTION", `${adapter}: give it a \`url\` or a \`client\``);
  }
  const socket = socketOptions(url);
  if (socket)
    return (overrides) => new Redis({ ...socket, ...overrides } as Legacy) as unknown as RedisClient;
  return (overrides) => new Redis(url, overrides as Legacy) as unknown as RedisClient;
}

/** `redis+socket://user:password@/path/to.sock?db=1`, as machinery and others write it. */
function socketOptions(url: string): RedisOptions | undefined {
  if (!/^(redis\+socket|unix):/.test(url)) return undefined;
  const { username, password, pathname, searchParams } = new URL(url);
  const db = searchParams.get("db") ?? searchParams.get("virtual_host");
  return {
    path: decodeURIComponent(pathname),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(db && { db: Number(db) }),
  };
}

function duplicate(client: ClientTemplate, overrides: RedisOptions): RedisClient {
  const copy = client.duplicate.bind(client) as (...args: unknown[]) => RedisClient;
  return client.isCluster ? copy([], clusterOptions(overrides)) : copy(overrides);
}

/** A cluster's connections to its nodes open with the first command for each, so they need a queue until then. */
function clusterOptions(overrides: RedisOptions): object {
  const { socketTimeout, connectTimeout } = overrides;
  return {
    lazyConnect: true,
    keyPrefix: "",
    enableOfflineQueue: true,
    clusterRetryStrategy: overrides.retryStrategy,
    retryDelayOnFailover: 0, // else a command whose connection broke is sent again
    redisOptions: { keyPrefix: "", ...(socketTimeout && { socketTimeout }), connectTimeout },
  };
}

/**
 * Set on every connection: nothing waits in a queue of the client's, and nothing is sent again after a reconnect.
 * `socketTimeout` replaces a connection that hangs.
 */
function overridesFor(role: Role, commandTimeoutMs: number): RedisOptions {
  return {
    lazyConnect: true,
    keyPrefix: "",
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(RECONNECT_MS.first * 2 ** Math.min(times, 10), RECONNECT_MS.most),
    reconnectOnError: (error) => (/^(READONLY|UNBLOCKED)/.test(error.message) ? 1 : false),
    ...(role !== "blocking" && { socketTimeout: commandTimeoutMs }),
  };
}
