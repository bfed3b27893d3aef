import type { CallOptions } from "@wfe/core";
import { aborted, closed } from "./errors.ts";

/** Lets calls in until it is closed. */
export interface Gate {
  /** Throws `WFE_CLOSED` after the end, and `WFE_ABORTED` when the caller's signal is aborted. */
  enter(options?: CallOptions): void;
  close(): void;
}

export function gate(name: string): Gate {
  let isClosed = false;
  return {
    enter(call) {
      if (isClosed) throw closed(name);
      if (call?.signal?.aborted) throw aborted(name, call.signal);
    },
    close() {
      isClosed = true;
    },
  };
}

/** Follows `work`, or rejects when the caller's signal aborts first. The work itself goes on. */
export function abortable<T>(work: Promise<T>, call: CallOptions | undefined, name: string): Promise<T> {
  const signal = call?.signal;
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(aborted(name, signal));
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
