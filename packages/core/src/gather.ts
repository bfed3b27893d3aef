/**
 * Gathers the calls of one tick into one call for many: each caller hands in one item and gets one answer.
 *
 * An idle gatherer adds no latency (it flushes when the current microtasks have run). While `maxInFlight` calls
 * are under way it keeps collecting, so that a busy one makes few large calls instead of many small ones.
 */
export interface GatherOptions {
  /** The most items in one call. */
  readonly maxItems: number;
  readonly maxInFlight?: number;
}

interface Waiter<O> {
  resolve(answer: O): void;
  reject(error: unknown): void;
}

export function gather<I, O>(
  callMany: (items: readonly I[]) => Promise<readonly (O | Error)[]>,
  options: GatherOptions,
): (item: I) => Promise<O> {
  const { maxItems, maxInFlight = 2 } = options;
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
    while (items.length > 0 && inFlight < maxInFlight) {
      const all = items.length <= maxItems;
      const batch = all ? items : items.slice(0, maxItems);
      const asking = all ? waiters : waiters.slice(0, maxItems);
      items = all ? [] : items.slice(maxItems);
      waiters = all ? [] : waiters.slice(maxItems);
      void run(batch, asking);
    }
  };

  const run = async (batch: readonly I[], asking: readonly Waiter<O>[]): Promise<void> => {
    inFlight += 1;
    try {
      const answers = await callMany(batch);
      for (let index = 0; index < asking.length; index += 1) answer(asking[index] as Waiter<O>, answers[index]);
    } catch (error) {
      for (const waiter of asking) waiter.reject(error);
    } finally {
      inFlight -= 1;
      if (items.length > 0) schedule();
    }
  };

  return (item) =>
    new Promise<O>((resolve, reject) => {
      items.push(item);
      waiters.push({ resolve, reject });
      schedule();
    });
}

function answer<O>(waiter: Waiter<O>, result: O | Error | undefined): void {
  if (result instanceof Error) waiter.reject(result);
  else waiter.resolve(result as O);
}
