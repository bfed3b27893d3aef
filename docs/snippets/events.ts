import { subscribe } from "node:diagnostics_channel";
import { type Middleware, Server, type TaskEvent, exponential } from "@wfe/core";
import { memoryBackend, memoryBroker } from "@wfe/memory";

const putAside = Promise.withResolvers<void>();
for (const name of ["published", "started", "succeeded", "failed", "retried", "dead-lettered"]) {
  subscribe(`wfe:${name}`, (message) => {
    const event = message as TaskEvent;
    console.log(`${name}: ${event.name} ${event.id} ${event.error ?? ""}`.trimEnd());
    if (name === "dead-lettered") putAside.resolve();
  });
}

/** One feature around what happens to a task: here, for whom it is done. */
const tenant: Middleware = {
  publish: (call, next) => next({ ...call, headers: { tenant: "north", ...call.headers } }),
  run(task, next) {
    console.log(`run for tenant ${String(task.headers["tenant"])}`);
    return next();
  },
};

const onError = (error: Error): void => console.log(`onError: ${error.message}`);
await using server = new Server({ middleware: [tenant], onError }, memoryBroker(), memoryBackend());
const { greet } = server.register({
  greet(name: string) {
    if (name === "") throw new Error("nobody to greet");
    return `hello, ${name}`;
  },
});
server.worker().start();

const backoff = exponential({ baseMs: 20 });
await server.send(greet("").set({ id: "task-1", retries: 1, backoff, keepOnError: true }));
await putAside.promise;
