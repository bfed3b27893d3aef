import type { TaskEvent } from "@wfe/core";
import { SingleBar } from "cli-progress";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

const PLAIN_LINE_EVERY_MS = 2000;

export interface Progress extends Disposable {
  stop(): { readonly seconds: number; readonly retries: number };
}

/** Shows how many of a task's calls have succeeded: a bar on a terminal, now and then a line elsewhere. */
export function watchProgress(task: string, total: number): Progress {
  const startedAt = performance.now();
  let [done, retries] = [0, 0];
  const display = process.stderr.isTTY ? bar(total) : plainLines(() => `${done} of ${total} files`);

  // @wfe tells what happens to tasks on `node:diagnostics_channel`, where tracing tools listen too.
  const onSucceeded = (event: unknown): void => {
    if ((event as TaskEvent).name === task) display.update((done += 1), retries);
  };
  const onRetried = (event: unknown): void => {
    if ((event as TaskEvent).name === task) retries += 1;
  };
  subscribe("wfe:succeeded", onSucceeded);
  subscribe("wfe:retried", onRetried);

  const stop = () => {
    unsubscribe("wfe:succeeded", onSucceeded);
    unsubscribe("wfe:retried", onRetried);
    display.stop();
    return { seconds: (performance.now() - startedAt) / 1000, retries };
  };
  return { stop, [Symbol.dispose]: stop };
}

interface Display {
  update(done: number, retries: number): void;
  stop(): void;
}

function bar(total: number): Display {
  const format = "indexing [{bar}] {value} of {total} files, {retries} times all readers were busy";
  const shown = new SingleBar({ format, gracefulExit: false }); // Ctrl-C ends the process, as everywhere
  shown.start(total, 0, { retries: 0 });
  return {
    update: (done, retries) => shown.update(done, { retries }),
    stop: () => shown.stop(),
  };
}

function plainLines(line: () => string): Display {
  const timer = setInterval(() => console.error(line()), PLAIN_LINE_EVERY_MS);
  return { update: () => undefined, stop: () => clearInterval(timer) };
}
