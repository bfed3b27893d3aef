import type { ConsumeOptions, Delivery } from "@wfe/core";
import { WfeError } from "@wfe/core";
import { type BlockedFetch, blockedFetch, LONGEST_WAIT_MS } from "./blocked.ts";
import type { Source } from "./client.ts";
import { held, type Held } from "./delivery.ts";
import { delayedTrailer } from "./element.ts";
import { leaseLost } from "./errors.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import type { QueueKeys } from "./keys.ts";
import { type Lease, newLease } from "./lease.ts";
import type { Link } from "./link.ts";
import { RELEASE, RETIRE, TURN } from "./scripts.ts";

export interface ConsumerContext {
  readonly source: Source;
  readonly link: Link;
  readonly keys: QueueKeys;
  readonly visibilityTimeoutMs: number;
  /** With priorities nothing blocks on one list: whoever waits is woken by `onWake` of the queue's channel. */
  readonly blocks: boolean;
  readonly onEnd: () => void;
}

export interface Consumer {
  readonly deliveries: AsyncIterator<Delivery, undefined>;
  /** Something may have come. */
  wake(): void;
  /** Ends it and gives back what is in hand. */
  close(): Promise<void>;
}

type Step = IteratorResult<Delivery, undefined>;
const DONE: Step = { done: true, value: undefined };

/** One batch of acks: all of its callers share one promise. */
interface Acks {
  readonly lease: Lease;
  readonly fields: string[];
  readonly settled: PromiseWithResolvers<void>;
}

interface Release {
  readonly lease: Lease;
  readonly field: string;
  readonly delayMs: number;
  readonly settled: PromiseWithResolvers<void>;
}

const MOST_PER_TURN = 1_000;
const POLL_MS = 1_000;
const BACKOFF_MS = { first: 50, most: 5_000 };

/**
 * One consumer of a queue. What it does on the server it does in turns, one at a time: a turn settles all that was acked
 * since the last one, and takes as many messages as there are free slots.
 *
 *     unregistered ──▶ fetching ──(the queue gave less than asked)──▶ waiting ──(woken)──▶ fetching …
 *          ▲               │                                             │
 *          └── lease lost ─┴─────────────────────────────────────────────┤
 *                                                                        ▼
 *     the signal aborted ──▶ returning (what was not handed out) ──▶ draining ──(all settled, or closed)──▶ gone
 */
export function consumer(context: ConsumerContext, options: ConsumeOptions): Consumer {
  const { link, keys, source, visibilityTimeoutMs } = context;
  const { prefetch, signal, tag = "consumer" } = options;
  const blocked: BlockedFetch | undefined = context.blocks
    ? blockedFetch({ source, keys, name: `redis broker, ${keys.list}`, visibilityTimeoutMs, onLost: (error) => report(error) })
    : undefined;

  let lease: Lease | undefined;
  let heartbeat: Heartbeat | undefined;
  /** Fetched and not handed out. */
  let ready: Held[] = [];
  const asking: ((step: Step) => void)[] = [];
  let acks: Acks | undefined;
  let releases: Release[] = [];
  /** What the blocked fetch brought and no turn has entered yet. */
  let brought: { readonly field: string; readonly bytes: Buffer } | undefined;
  /** The turn whose answer is not known. */
  let current: Turn | undefined;
  /** The queue gave less than was asked for. */
  let dry = false;
  let waiting = false;
  let stopping = false;
  let closing = false;
  /** In a row. */
  let failures = 0;
  let waitFailures = 0;
  const returned = Promise.withResolvers<Step>();
  const gone = Promise.withResolvers<void>();

  // Waking the loop: at the end of a tick, so that all acks of it are in one turn ---------------------------------

  let scheduled = false;
  let changed = Promise.withResolvers<void>();
  const notify = (): void => {
    if (scheduled) return;
    scheduled = true;
    process.nextTick(() => {
      scheduled = false;
      changed.resolve();
    });
  };
  const change = async (): Promise<void> => {
    await changed.promise;
    changed = Promise.withResolvers<void>();
  };

  const report = (error: unknown): void => {
    try {
      options.onError?.(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // whoever is told may fail: the consumer goes on
    }
  };

  const free = (): number => (lease ? prefetch - lease.open.size - ready.length : prefetch);

  // Settling ------------------------------------------------------------------------------------------------------

  const settler = {
    ack(of: Lease, field: string): Promise<void> {
      if (of.isLost || closing) return refused(of);
      of.open.delete(field);
      acks ??= { lease: of, fields: [], settled: quiet(Promise.withResolvers<void>()) };
      acks.fields.push(field);
      notify();
      return acks.settled.promise;
    },
    release(of: Lease, field: string, delayMs: number): Promise<void> {
      if (of.isLost || closing) return refused(of);
      of.open.delete(field);
      const settled = quiet(Promise.withResolvers<void>());
      releases.push({ lease: of, field, delayMs, settled });
      notify();
      return settled.promise;
    },
  };

  const refused = (of: Lease): Promise<never> =>
    Promise.reject((of.signal.reason as Error | undefined) ?? leaseLost("the broker was closed"));

  const handOut = (one: Held): void => {
    lease?.open.add(one.field);
    asking.shift()?.({ done: false, value: one.delivery });
  };

  const take = (element: string, field: string, of: Lease): void => {
    const one = held(element, field, of, settler);
    if (asking.length > 0 && !stopping) handOut(one);
    else ready.push(one);
  };

  // Turns ---------------------------------------------------------------------------------------------------------

  interface Turn {
    readonly lease: Lease;
    readonly args: (string | number | Buffer)[];
    readonly want: number;
    readonly acks: Acks | undefined;
    readonly entered: typeof brought;
  }

  const nextTurn = (of: Lease, want: number): Turn => {
    const entering = brought;
    const acked = acks;
    acks = undefined;
    of.turn += 1;
    const args = [String(of.turn), of.nextSeq, want, entering?.field ?? "", entering?.bytes ?? "", ...(acked?.fields ?? [])];
    return { lease: of, args, want, acks: acked, entered: entering };
  };

  const turn = async (of: Lease, want: number): Promise<void> => {
    const one = (current ??= nextTurn(of, want));
    const answer = (await link.run(TURN, [of.held, of.woken, ...keys.lists], one.args)) as (number | string)[];
    if (of !== lease || of.isLost) return;
    if (answer[0] === 0) return lose("the server does not know this consumer any more (its lease ended, or its data is gone)");
    current = undefined;
    if (one.entered === brought) brought = undefined;
    one.acks?.settled.resolve();
    if (answer[0] === 2) throw new WfeError("WFE_MALFORMED", `redis: queue ${keys.list}: ${answer[1]}`, { retryable: true });
    accept(answer, one);
  };

  const accept = (answer: (number | string)[], { lease: of, want }: Turn): void => {
    const sources = keys.lists.length + 1;
    let at = sources + 1;
    for (let from = 1; from <= sources; from++) {
      const list = keys.lists[from - 2];
      const suffix = list && list !== keys.list ? `:${list.slice(keys.levelBase.length)}` : "";
      for (let left = Number(answer[from]); left > 0; left--) take(String(answer[at++]), `${of.nextSeq++}${suffix}`, of);
    }
    dry = want > 0 && at - sources - 1 < want;
  };

  const flushReleases = async (of: Lease): Promise<void> => {
    const [first] = releases;
    if (!first) return;
    const group = releases.filter((one) => one.delayMs === first.delayMs);
    await release(of, group.map((one) => one.field), { mark: "marked", delayMs: first.delayMs, refuse: "" });
    releases = releases.filter((one) => !group.includes(one)); // more may have come meanwhile
    for (const one of group) one.settled.resolve();
    dry = false;
  };

  const release = async (
    of: Lease,
    fields: readonly string[],
    how: { readonly mark: "marked" | "new"; readonly delayMs: number; readonly refuse: string },
  ): Promise<void> => {
    const inOrder = fields.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    const trailer = how.delayMs > 0 ? delayedTrailer(keys.list, "-") : "";
    const args = [keys.levelBase, how.mark, Math.ceil(how.delayMs), trailer, keys.wake, how.refuse, ...inOrder];
    await link.run(RELEASE, [of.held, of.woken, keys.list, keys.delayed], args);
  };

  // Waiting -------------------------------------------------------------------------------------------------------

  const wait = async (of: Lease): Promise<void> => {
    waiting = true;
    try {
      const bytes = await (blocked ? blocked.wait(of) : poll());
      waitFailures = 0;
      if (of !== lease || stopping) return;
      if (bytes) {
        const field = String(of.nextSeq++);
        brought = { field, bytes };
        take(bytes.toString(), field, of);
      }
    } catch (error) {
      if (!stopping && of === lease) await setback(error, ++waitFailures);
    } finally {
      waiting = false;
      dry = false;
      notify();
    }
  };

  let wakePoll: (() => void) | undefined;
  const poll = (): Promise<undefined> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => wakePoll?.(), POLL_MS);
      wakePoll = () => {
        clearTimeout(timer);
        wakePoll = undefined;
        resolve(undefined);
      };
    });

  const setback = async (error: unknown, count: number): Promise<void> => {
    report(error);
    const ms = Math.min(BACKOFF_MS.first * 2 ** (count - 1), BACKOFF_MS.most) * (0.5 + Math.random() / 2);
    await nap(ms);
  };

  /** A pause that stopping and closing end. */
  const nap = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        naps.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      naps.add(done);
    });
  const naps = new Set<() => void>();

  // The lease -----------------------------------------------------------------------------------------------------

  const register = async (): Promise<Lease> => {
    const fresh = newLease(keys, tag);
    heartbeat = await startHeartbeat({
      link,
      keys,
      lease: fresh,
      visibilityTimeoutMs,
      onError: report,
      onLost: (why) => lose(why),
    });
    return fresh;
  };

  const lose = (why: string): void => {
    const lost = lease;
    if (!lost) return;
    lease = undefined;
    heartbeat?.stop();
    heartbeat = undefined;
    ready = [];
    brought = undefined;
    lost.lose(why);
    const error = lost.signal.reason as Error;
    report(error);
    current?.acks?.settled.reject(error);
    current = undefined;
    acks?.settled.reject(error);
    acks = undefined;
    for (const one of releases.splice(0)) one.settled.reject(error);
    dry = false;
    void retire(lost).catch(report); // what a fetch that still waits would bring, and what a reaper has not found
    notify();
  };

  /** For how long a fetch that may still wait on the server must find its destination closed. */
  const refuseMs = async (): Promise<number> => {
    const certain = (await blocked?.interrupt(link)) ?? true;
    return certain ? 0 : Math.min(visibilityTimeoutMs, LONGEST_WAIT_MS) + source.commandTimeoutMs;
  };

  const retire = async (of: Lease): Promise<void> => {
    const refuse = await refuseMs();
    if (refuse > 0) blocked?.abandon();
    const args = [of.id, keys.levelBase, "leave", refuse];
    await link.run(RETIRE, [keys.consumers, of.held, of.woken, keys.list], args);
  };

  // The loop ------------------------------------------------------------------------------------------------------

  const step = async (): Promise<void> => {
    lease ??= await register();
    if (!lease || stopping) return;
    // What was brought must be entered before it can be released.
    if (releases.length > 0 && !current && !brought) return await flushReleases(lease);
    const want = waiting || dry ? 0 : Math.min(free(), MOST_PER_TURN);
    if (current || acks || brought || want > 0) return await turn(lease, want);
    if (!waiting && free() > 0) void wait(lease);
    await change();
  };

  const settleRest = async (): Promise<void> => {
    const of = lease;
    if (!of) return;
    if (releases.length > 0 && !current && !brought) return await flushReleases(of);
    if (current || acks || brought) return await turn(of, 0);
    if (of.open.size === 0 || closing) return await leave(of);
    await change();
  };

  const leave = async (of: Lease): Promise<void> => {
    heartbeat?.stop();
    await retire(of);
    lease = undefined;
    of.lose("the consumer has ended");
  };

  /** What was fetched and not handed out goes back. */
  const giveBack = async (): Promise<void> => {
    const of = lease;
    if (!of) return;
    while (of === lease && (current || acks || brought)) await turn(of, 0);
    const refuse = await refuseMs();
    const rest = ready.map((one) => one.field);
    await release(of, rest, { mark: "new", delayMs: 0, refuse: String(refuse) });
    ready = [];
  };

  const attempt = async (what: () => Promise<void>): Promise<boolean> => {
    try {
      await what();
      failures = 0;
      return true;
    } catch (error) {
      await setback(error, ++failures);
      return false;
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping) await attempt(step);
    let back = false;
    for (let tries = 0; tries < 3 && !back && lease; tries++) back = await attempt(giveBack);
    returned.resolve(DONE);
    for (const resolve of asking.splice(0)) resolve(DONE);
    while (lease && !(closing && failures > 0)) await attempt(settleRest);
    heartbeat?.stop();
    blocked?.close();
    const end = leaseLost("the broker was closed");
    for (const one of releases.splice(0)) one.settled.reject(end);
    acks?.settled.reject(end);
    lease?.lose("the broker was closed while the server was away");
    context.onEnd();
    gone.resolve();
  };

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    signal.removeEventListener("abort", stop);
    wakePoll?.();
    for (const done of naps) done();
    notify();
  };

  if (signal.aborted) {
    blocked?.close();
    const ended: AsyncIterator<Delivery, undefined> = { next: async () => DONE, return: async () => DONE };
    return { deliveries: ended, wake: () => undefined, close: async () => undefined };
  }
  signal.addEventListener("abort", stop);
  void run();

  return {
    deliveries: {
      next() {
        if (stopping) return returned.promise;
        const one = ready.shift();
        if (!one) return new Promise((resolve) => void asking.push(resolve));
        lease?.open.add(one.field);
        return Promise.resolve({ done: false, value: one.delivery });
      },
      return() {
        stop();
        return returned.promise;
      },
    },
    wake() {
      dry = false;
      wakePoll?.();
      notify();
    },
    close() {
      closing = true;
      stop();
      for (const done of naps) done();
      notify();
      return gone.promise;
    },
  };
}

/** Its rejection is no unhandled one before somebody looks. */
function quiet<T>(settled: PromiseWithResolvers<T>): PromiseWithResolvers<T> {
  settled.promise.catch(() => undefined);
  return settled;
}
