import { adapterError } from "./errors.ts";

/**
 * Gathers the calls of one tick into one call for many: each caller hands in one item and gets one answer, which
 * `read` makes of the item's part of the whole. An Error among the answers rejects that caller alone.
 *
 * An idle gatherer adds no latency (it flushes when the current microtasks have run). While `maxInFlight` calls
 * are under way it keeps collecting, so that a busy one makes few large calls instead of many small ones. A full
 * batch goes at once, so that the server has work while its caller prepares the next.
 */
export interface GatherOptions {
  /** The most items in one call. */
  readonly maxItems: number;
  readonly maxInFlight?: number | undefined;
  /** Names the adapter in errors. */
  readonly adapter: string;
}

/** More in one call would save little, and keep the server waiting for it. */
const FULL = 50;

interface Waiter<O> {
  resolve(answer: O): void;
  reject(error: unknown): void;
}

export function gather<I, A, O = A>(
  callMany: (items: readonly I[]) => Promise<readonly A[]>,
  options: GatherOptions,
  read: (answer: A, item: I) => O | Error = (answer) => answer as unknown as O,
): (item: I) => Promise<O> {
  const { maxInFlight = 2, adapter } = options;
  const full = Math.min(options.maxItems, FULL);
  let items: I[] = [];
  let waiters: Waiter<O>[] = [];
  let scheduled = false;
  let inFlight = 0;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(flush);
  };

  const flush = (): void => {
    scheduled = false;
    if (items.length > 0 && inFlight < maxInFlight) launch();
  };

  const launch = (): void => {
    const batch = items;
    const asking = waiters;
    items = [];
    waiters = [];
    void run(batch, asking);
  };

  const run = async (batch: readonly I[], asking: readonly Waiter<O>[]): Promise<void> => {
    inFlight += 1;
    try {
      const answers = await callMany(batch);
      for (let index = 0; index < asking.length; index += 1) {
        const answer = read(answers[index] as A, batch[index] as I);
        const waiter = asking[index] as Waiter<O>;
        if (answer instanceof Error) waiter.reject(adapterError(adapter, answer));
        else waiter.resolve(answer);
      }
    } catch (error) {
      for (const waiter of asking) waiter.reject(adapterError(adapter, error));
    } finally {
      inFlight -= 1;
      if (items.length > 0) schedule();
    }
  };

  return (item) =>
    new Promise<O>((resolve, reject) => {
      items.push(item);
      waiters.push({ resolve, reject });
      if (items.length >= full) launch();
      else schedule();
    });
}
