import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface WorkerProcess extends AsyncDisposable {
  /** Resolves when it has begun to consume. */
  readonly ready: Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<void>;
}

const program = new URL("worker-process.ts", import.meta.url).pathname;

/** Starts `worker-process.ts`. `tell` is told each body that it works on, and each that it has acked. */
export function startWorker(
  options: object,
  tell: (what: "did" | "acked", body: string) => void,
): WorkerProcess {
  const args = ["--conditions", "@wfe/source", "--no-warnings", program, JSON.stringify(options)];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ready = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on("line", (line) => {
    const [what, ...body] = line.split(" ");
    if (what === "ready") ready.resolve();
    else tell(what as "did" | "acked", body.join(" "));
  });
  void ended.then(() => ready.reject(new Error("the worker process ended before it was ready")));
  ready.promise.catch(() => undefined);
  return {
    ready: ready.promise,
    signal: (name) => void child.kill(name),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
