/**
 * A process of its own that acks what it gets, for tests that kill, stall or mislead processes.
 *
 * Arguments, as JSON: { url, prefix, queue, visibilityTimeoutMs, skewMs, holdMs }. Prints "ready", then "did" and
 * "acked" with each body. `skewMs` is how wrong this process's clock is.
 */
import { redisBroker } from "../src/index.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as {
  readonly url: string;
  readonly prefix: string;
  readonly queue: string;
  readonly visibilityTimeoutMs: number;
  readonly skewMs?: number;
  readonly holdMs?: number;
};
const { url, prefix, queue, visibilityTimeoutMs, skewMs = 0, holdMs = 1 } = options;

if (skewMs !== 0) {
  const trueNow = Date.now;
  Date.now = () => trueNow() + skewMs;
}

const broker = redisBroker({ url, prefix, visibilityTimeoutMs, delayedPollMs: 100 });
const { signal } = new AbortController();
process.stdout.write("ready\n");
for await (const delivery of broker.consume({ queue, prefetch: 10, signal, tag: "process" })) {
  setTimeout(() => {
    process.stdout.write(`did ${delivery.body}\n`); // to a pipe, at once: what a task has done is known even if it dies
    delivery.ack().then(
      () => process.stdout.write(`acked ${delivery.body}\n`),
      () => undefined, // it comes again
    );
  }, holdMs);
}
