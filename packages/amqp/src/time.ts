/** Until when a call waits, by the monotonic clock. */
export type Deadline = number;

export function deadlineIn(ms: number): Deadline {
  return performance.now() + ms;
}

/** Follows `work`; rejects with what `late` makes once the deadline has passed. */
export async function before<T>(deadline: Deadline, work: PromiseLike<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const lateness = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadline - performance.now()));
  });
  try {
    return await Promise.race([work, lateness]);
  } finally {
    clearTimeout(timer);
  }
}

/** A pause that `signal` ends early. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

const RECONNECT_MS = { first: 50, most: 5_000 };

/** Grows with each failure in a row, and is spread so that many clients do not come at once. */
export function backoffMs(failures: number): number {
  if (failures === 0) return 0;
  const ms = Math.min(RECONNECT_MS.most, RECONNECT_MS.first * 2 ** Math.min(failures - 1, 10));
  return ms * (0.5 + Math.random() / 2);
}
