import type { ConsumeOptions, Delivery } from "@wfe/core";
import { type BlockedFetch, blockedFetch } from "./blocked.ts";
import type { Source } from "./client.ts";
import { held, type Held } from "./delivery.ts";
import { leaseLost } from "./errors.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import type { QueueKeys } from "./keys.ts";
import { type Lease, newLease } from "./lease.ts";
import type { Link } from "./link.ts";
import { changes, pauses } from "./pauses.ts";
import { settlements } from "./settlements.ts";
import { type Brought, giveBack, newTurn, retire, takeTurn, type Turn } from "./turns.ts";

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

const MOST_PER_TURN = 1_000;
const POLL_MS = 1_000;
const UNKNOWN = "the server does not know this consumer any more (its lease ended, or its data is gone)";
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
    ? blockedFetch({
        source,
        keys,
        name: `redis broker, ${keys.list}`,
        visibilityTimeoutMs,
        onLost: (error) => report(error),
      })
    : undefined;

  let lease: Lease | undefined;
  let heartbeat: Heartbeat | undefined;
  /** Fetched and not handed out. */
  let ready: Held[] = [];
  const asking: ((step: Step) => void)[] = [];
  let brought: Brought | undefined;
  /** The turn whose answer is not known. */
  let current: Turn | undefined;
  /** The queue gave less than was asked for. */
  let dry = false;
  let waiting = false;
  let stopping = false;
  let closing = false;
  /** In a row. */
  const failures = { ofSteps: 0, ofWaits: 0 };
  const returned = Promise.withResolvers<Step>();
  const gone = Promise.withResolvers<void>();
  const changed = changes();
  const { pause, end: endPauses } = pauses();
  const polls = pauses();
  const settling = settlements(changed.notify);

  const report = (error: unknown): void => {
    try {
      options.onError?.(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // whoever is told may fail: the consumer goes on
    }
  };

  const setback = async (error: unknown, count: number): Promise<void> => {
    report(error);
    await pause(Math.min(BACKOFF_MS.first * 2 ** (count - 1), BACKOFF_MS.most) * (0.5 + Math.random() / 2));
  };

  const free = (): number => (lease ? prefetch - lease.open.size - ready.length : prefetch);

  // Deliveries ----------------------------------------------------------------------------------------------------

  const refused = (of: Lease): Error | undefined =>
    of.isLost ? (of.signal.reason as Error) : closing ? leaseLost("the broker was closed") : undefined;

  const settler = {
    ack(of: Lease, field: string): Promise<void> {
      const error = refused(of);
      return error ? Promise.reject(error) : settling.ack(of, field);
    },
    release(of: Lease, field: string, delayMs: number): Promise<void> {
      const error = refused(of);
      return error ? Promise.reject(error) : settling.release(of, field, delayMs);
    },
  };

  const take = (element: string, field: string, of: Lease): void => {
    const one = held(element, field, of, settler);
    const ask = stopping ? undefined : asking.shift();
    if (!ask) return void ready.push(one);
    of.open.add(field);
    ask({ done: false, value: one.delivery });
  };

  // On the server -------------------------------------------------------------------------------------------------

  const turn = async (of: Lease, want: number): Promise<void> => {
    const one = (current ??= newTurn(of, { want, brought, acks: settling.takeAcks() }));
    const answer = await takeTurn(link, keys, of, one);
    if (of !== lease) return;
    if (!answer.isKnown) return lose(UNKNOWN);
    current = undefined;
    if (one.brought === brought) brought = undefined;
    one.acks?.resolve();
    if (answer.error) throw answer.error;
    for (const { element, field } of answer.taken) take(element, field, of);
    dry = one.want > 0 && answer.taken.length < one.want;
  };

  const release = async (of: Lease): Promise<void> => {
    const releases = settling.nextReleases();
    await giveBack(link, keys, of, { ...releases, mark: "marked" });
    releases.done();
    dry = false;
    polls.end(); // what went back is ours to take, too
  };

  const wait = async (of: Lease): Promise<void> => {
    waiting = true;
    try {
      const bytes = await (blocked ? blocked.wait(of) : polls.pause(POLL_MS));
      failures.ofWaits = 0;
      if (of !== lease || stopping || !bytes) return;
      brought = { field: String(of.nextSeq++), bytes };
      take(bytes.toString(), brought.field, of);
    } catch (error) {
      if (!stopping && of === lease) await setback(error, ++failures.ofWaits);
    } finally {
      waiting = false;
      dry = false;
      changed.notify();
    }
  };

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
    ready = [];
    brought = undefined;
    lost.lose(why);
    const error = lost.signal.reason as Error;
    report(error);
    current?.acks?.reject(error);
    current = undefined;
    settling.refuse(error);
    dry = false;
    void forget(lost).catch(report); // what a fetch that still waits would bring, and what a reaper has not found
    changed.notify();
  };

  /** For how long a fetch that may still wait on the server must find its destination closed. */
  const refuseMs = async (): Promise<number> => (blocked ? await blocked.end(link) : 0);

  const forget = async (of: Lease): Promise<void> => retire(link, keys, of, await refuseMs());

  // The loop ------------------------------------------------------------------------------------------------------

  const step = async (): Promise<void> => {
    lease ??= await register();
    if (stopping) return;
    const want = waiting || dry ? 0 : Math.min(free(), MOST_PER_TURN);
    if (await settle(lease, want)) return;
    if (settling.hasAcks || want > 0) return await turn(lease, want);
    if (!waiting && free() > 0) void wait(lease);
    await changed.next();
  };

  /** Does what must come before anything else. False: there was nothing. */
  const settle = async (of: Lease, want: number): Promise<boolean> => {
    // What was brought must be entered before it can be released.
    if (current || brought) await turn(of, want);
    else if (settling.hasReleases) await release(of);
    else return false;
    return true;
  };

  const drain = async (): Promise<void> => {
    const of = lease;
    if (!of || (await settle(of, 0))) return;
    if (settling.hasAcks) return await turn(of, 0);
    if (settling.hasReleases) return; // it came just now
    if (of.open.size === 0 || closing) return await leave(of);
    await changed.next();
  };

  const leave = async (of: Lease): Promise<void> => {
    heartbeat?.stop();
    await forget(of);
    lease = undefined;
    of.lose("the consumer has ended");
  };

  /** What was fetched and not handed out goes back. */
  const giveBackRest = async (): Promise<void> => {
    while (lease && (current || settling.hasAcks || brought)) await turn(lease, 0);
    const of = lease;
    if (!of) return;
    const fields = ready.map((one) => one.field);
    await giveBack(link, keys, of, { fields, mark: "new", delayMs: 0, refuseMs: await refuseMs() });
    ready = [];
  };

  const attempt = async (what: () => Promise<void>): Promise<boolean> => {
    try {
      await what();
      failures.ofSteps = 0;
      return true;
    } catch (error) {
      await setback(error, ++failures.ofSteps);
      return false;
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping) await attempt(step);
    for (let tries = 0; tries < 3 && lease; tries++) if (await attempt(giveBackRest)) break;
    returned.resolve(DONE);
    for (const ask of asking.splice(0)) ask(DONE);
    while (lease && !(closing && failures.ofSteps > 0)) await attempt(drain);
    heartbeat?.stop();
    blocked?.close();
    const error = leaseLost("the broker was closed while the server was away");
    current?.acks?.reject(error);
    settling.refuse(error);
    lease?.lose(error.message);
    context.onEnd();
    gone.resolve();
  };

  const stop = (): void => {
    stopping = true;
    signal.removeEventListener("abort", stop);
    polls.end();
    endPauses();
    changed.notify();
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
      polls.end();
      changed.notify();
    },
    close() {
      closing = true;
      stop();
      return gone.promise;
    },
  };
}
