import { createHook } from "node:async_hooks";

/** What a broker could leave behind. Timers count even when they do not keep the process alive. */
const KINDS = new Set(["Timeout", "TCPWRAP", "PIPEWRAP", "UDPWRAP"]);

export interface LeakWatch extends Disposable {
  /** Timers and sockets that were made since the watch began and are still there. */
  open(): string[];
}

export function watchLeaks(): LeakWatch {
  const alive = new Map<number, string>();
  const hook = createHook({
    init(id, kind) {
      if (KINDS.has(kind)) alive.set(id, kind);
    },
    destroy: (id) => void alive.delete(id),
  });
  hook.enable();
  return {
    open: () => [...alive.values()],
    [Symbol.dispose]: () => void hook.disable(),
  };
}
