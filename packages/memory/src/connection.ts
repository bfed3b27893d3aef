import { type CallOptions, WfeError } from "@wfe/core";
import { type ConnectOptions, memoryStore, type MemoryStore } from "./store.ts";

/** One connection to a store: what a socket is to a real server. */
export interface Connection {
  readonly store: MemoryStore;
  readonly closed: boolean;
  /** Rejects what begins after the end: throws `WFE_CLOSED`, or `WFE_ABORTED` when the caller's signal is. */
  enter(options?: CallOptions): void;
  /** False: it was closed before. Ends the store too where it is our own. */
  close(): boolean;
}

export function connect(name: string, options: ConnectOptions): Connection {
  const store = options.store ?? memoryStore(options);
  let closed = false;
  return {
    store,
    get closed(): boolean {
      return closed;
    },
    enter(call) {
      if (closed) throw new WfeError("WFE_CLOSED", `this ${name} was closed`);
      if (call?.signal?.aborted) {
        throw new WfeError("WFE_ABORTED", `the call to the ${name} was aborted`, { cause: call.signal.reason });
      }
    },
    close() {
      if (closed) return false;
      closed = true;
      if (options.store === undefined) store[Symbol.dispose]();
      return true;
    },
  };
}
