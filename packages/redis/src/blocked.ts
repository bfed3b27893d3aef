import type { QueueKeys } from "./keys.ts";
import type { Lease } from "./lease.ts";
import { type Link, openLink } from "./link.ts";
import type { Source } from "./client.ts";

/** The one blocking fetch of a consumer, on a connection of its own. */
export interface BlockedFetch {
  /**
   * Waits until the queue has a message and moves it to the woken list of this lease. Resolves with its bytes; with
   * undefined when nothing came in time. Never longer than the lease certainly lasts, so that nothing is moved to a
   * list that somebody else has already emptied.
   */
  wait(lease: Lease): Promise<Buffer | undefined>;
  /**
   * Ends a wait. Resolves to 0 when it is certain that nothing will be moved any more; else to for how many ms the woken
   * list must be closed to what may still come.
   */
  end(commands: Link): Promise<number>;
  close(): void;
}

export interface BlockedFetchOptions {
  readonly source: Source;
  readonly keys: QueueKeys;
  readonly name: string;
  readonly visibilityTimeoutMs: number;
  readonly onLost: (error: Error) => void;
}

/** The longest single wait; each ends with a look at what else could have been left in the woken list. */
const LONGEST_WAIT_MS = 10_000;

/** How long the answer to a fetch that was ended may take. */
const ANSWER_MS = 1_000;

async function settled(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
  await Promise.race([
    promise.then(
      () => undefined,
      () => undefined,
    ),
    late,
  ]);
  clearTimeout(timer);
}

export function blockedFetch(options: BlockedFetchOptions): BlockedFetch {
  const { source, keys, name, visibilityTimeoutMs } = options;
  const link = openLink(source, "blocking", name);
  link.onLost(options.onLost);
  let clientId: Promise<number | undefined> | undefined;
  let pending: Promise<unknown> | undefined;
  /** Until when a fetch whose connection was lost may still wait on the server. */
  let phantomUntil = 0;
  /** Counts the calls of `end`: a wait that has not been sent by then is not sent any more. */
  let ended = 0;

  link.onReady(() => {
    // Only with it a wait can be ended at a known moment. A cluster has a connection per node, so not there.
    clientId = link.isCluster ? undefined : link.command("client", ["ID"]).then(Number, () => undefined);
  });

  return {
    async wait(lease) {
      const leftMs = lease.confirmedAt + visibilityTimeoutMs - performance.now();
      const waitMs = Math.min(LONGEST_WAIT_MS, leftMs * 0.75);
      if (waitMs < 20) {
        await new Promise((resolve) => void setTimeout(resolve, 20));
        return undefined;
      }
      const before = ended;
      await link.ready();
      if (ended !== before) return undefined;
      const watchdog = setTimeout(() => link.replace(), waitMs + source.commandTimeoutMs);
      const args = [keys.list, lease.woken, "LEFT", "RIGHT", (waitMs / 1000).toFixed(3)];
      const fetch = link.bytes("blmove", args);
      pending = fetch;
      try {
        return ((await fetch) as Buffer | null) ?? undefined;
      } catch (error) {
        phantomUntil = performance.now() + waitMs + source.commandTimeoutMs;
        throw error;
      } finally {
        pending = undefined;
        clearTimeout(watchdog);
      }
    },
    async end(commands) {
      ended += 1;
      const id = pending && (await clientId);
      if (pending && id !== undefined) {
        await commands.command("client", ["UNBLOCK", id]).catch(() => undefined);
        await settled(pending, ANSWER_MS);
      }
      if (!pending && performance.now() >= phantomUntil) return 0;
      if (pending) link.replace();
      return Math.min(visibilityTimeoutMs, LONGEST_WAIT_MS) + source.commandTimeoutMs;
    },
    close: () => link.close(),
  };
}
