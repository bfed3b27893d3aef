import type { Worker } from "./worker.ts";

/** First signal: graceful. Second: at once. Returns how to stop listening. */
export function onSignals(worker: Worker): () => void {
  let count = 0;
  const listen = (): void => {
    count += 1;
    void worker.stop(count > 1 ? { deadlineMs: 0 } : {});
  };
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) globalThis.process.on(name, listen);
  return () => {
    for (const name of names) globalThis.process.off(name, listen);
  };
}
