/** How tests wait: for a condition, for a promise with a limit, for a rejection. Never for a stretch of time. */

export interface EventuallyOptions {
  /** How long the probe may keep failing. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** The pause between two probes. Default 5. */
  readonly everyMs?: number | undefined;
}

/** Repeats `probe` until it no longer throws, and resolves with what it returned. Rejects with its last error. */
export async function eventually<T>(
  probe: () => T | PromiseLike<T>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 5_000, everyMs = 5 } = options;
  const endAt = performance.now() + timeoutMs;
  for (;;) {
    const left = endAt - performance.now();
    try {
      return await within(Promise.resolve(probe()), Math.max(left, everyMs), "the probe of eventually()");
    } catch (error) {
      if (left > 0) await pause(everyMs);
      else throw stillFailing(error, timeoutMs);
    }
  }
}

function stillFailing(error: unknown, timeoutMs: number): unknown {
  if (error instanceof Error) error.message = `${error.message} (still so after ${timeoutMs} ms)`;
  return error;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** The promise's own end, or a rejection that names `what` after `timeoutMs`. */
export async function within<T>(promise: PromiseLike<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} took longer than ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error that `promise` rejects with; where `code` is given, its `code` must be that one. */
export async function rejection(promise: PromiseLike<unknown>, code?: string): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    const found = codeOf(error);
    if (code === undefined || found === code) return error as Error;
    throw new Error(`expected a rejection with ${code}, got ${found ?? "no code"}: ${String(error)}`, {
      cause: error,
    });
  }
  throw new Error(
    `expected a rejection${code ? ` with ${code}` : ""}, but it resolved with ${String(value)}`,
  );
}

/** The literal code of an error. Read from the error and not by `instanceof`: an adapter may bring its own core. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
