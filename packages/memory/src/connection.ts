import { type CallOptions, WfeError } from "@wfe/core";
import { type ConnectOptions, memoryStore, type MemoryStore } from "./store.ts";

/** Lets calls in until it is closed. */
export interface Gate {
  /** Throws `WFE_CLOSED` after the end, and `WFE_ABORTED` when the caller's signal is aborted. */
  enter(options?: CallOptions): void;
  /** False: it was closed before. */
  close(): boolean;
}

/** What a socket is to a real server. Closing it ends the store too where that is its own. */
export interface Connection extends Gate {
  readonly store: MemoryStore;
}

export function gate(name: string): Gate {
  let closed = false;
  return {
    enter(call) {
      if (closed) throw new WfeError("WFE_CLOSED", `this ${name} was closed`);
      if (call?.signal?.aborted) throw aborted(name, call.signal);
    },
    close() {
      const wasOpen = !closed;
      closed = true;
      return wasOpen;
    },
  };
}

export function connect(name: string, options: ConnectOptions): Connection {
  const store = options.store ?? memoryStore(options);
  const { enter, close } = gate(name);
  return {
    store,
    enter,
    close() {
      if (options.store === undefined) store[Symbol.dispose]();
      return close();
    },
  };
}

export function aborted(name: string, signal: AbortSignal): WfeError {
  return new WfeError("WFE_ABORTED", `the call to the ${name} was aborted`, { cause: signal.reason });
}
