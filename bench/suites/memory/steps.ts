import { AsyncLocalStorage } from "node:async_hooks";
import {
  decodeCall,
  encodeCall,
  Server,
  type Call,
  type Delivery,
  type Message,
  type TaskState,
} from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore } from "@wfe/memory";
import type { Run } from "../../suite.ts";
import { startedServer, tasksIn } from "./task.ts";

/** What core hands to the ports in one call when it is busy. */
const BATCH = 100;

/** What one task `add(1, 1)` leaves at the ports, and the ports to do it to. */
interface Bench {
  readonly broker: ReturnType<typeof memoryBroker>;
  readonly backend: ReturnType<typeof memoryBackend>;
  readonly add: ReturnType<typeof startedServer>["add"];
  readonly calls: readonly Call[];
  readonly bodies: readonly string[];
  readonly messages: readonly (readonly Message[])[];
  /** Of every task, in batches. */
  states(status: "PENDING" | "STARTED" | "SUCCESS"): readonly (readonly TaskState[])[];
}

type Step = (bench: Bench) => Promise<unknown>;

/** µs per task of one step, done alone and in batches as core would: the floor of what it costs inside a task. */
function step(measure: Step, before?: Step): Run {
  return async (how) => {
    for (let warmUps = how.quick ? 2 : 5; warmUps > 0; warmUps -= 1) {
      const bench = await prepared(tasksIn(how).warmUp);
      await before?.(bench);
      await measure(bench);
    }
    const count = tasksIn(how).measured;
    const bench = await prepared(count);
    await before?.(bench);
    const { wallMs } = await how.timed(() => measure(bench));
    return (wallMs * 1000) / count;
  };
}

export const steps: Readonly<Record<string, Run>> = {
  sign: step(async ({ add, calls }) => calls.forEach((_, index) => add(index, 1))),
  encode: step(async ({ calls }) => calls.forEach(encodeCall)),
  pending: step((bench) => saveAll(bench, "PENDING")),
  publish: step(publishAll),
  fetch: step(fetchAll, publishAll),
  decode: step(async ({ bodies }) => bodies.forEach(decodeCall)),
  claim: step(
    (bench) => saveAll(bench, "STARTED"),
    (bench) => saveAll(bench, "PENDING"),
  ),
  run: step(async ({ calls }) => {
    for (let from = 0; from < calls.length; from += BATCH) {
      await Promise.all(
        calls.slice(from, from + BATCH).map((call) => storage.run(call, () => addNumbers(1, 1))),
      );
    }
  }),
  final: step((bench) => saveAll(bench, "SUCCESS"), started),
  wake: step(async (bench) => {
    for (const batch of inBatches(bench.calls)) await Promise.all(batch.map(({ id }) => woken(bench, id)));
  }, finished),
  ack: step(ackAll, async (bench) => {
    await publishAll(bench);
    fetched = await fetchAll(bench);
  }),
};

const storage = new AsyncLocalStorage<object>();
let fetched: readonly Delivery[] = [];

async function addNumbers(a: number, b: number): Promise<number> {
  return a + b;
}

async function saveAll({ backend, states }: Bench, status: "PENDING" | "STARTED" | "SUCCESS"): Promise<void> {
  for (const batch of states(status)) await backend.saveStates(batch);
}

async function started(bench: Bench): Promise<void> {
  await saveAll(bench, "PENDING");
  await saveAll(bench, "STARTED");
}

async function finished(bench: Bench): Promise<void> {
  await started(bench);
  await saveAll(bench, "SUCCESS");
}

async function publishAll({ broker, messages }: Bench): Promise<void> {
  for (const batch of messages) await broker.publish(batch);
}

async function fetchAll({ broker, calls }: Bench): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  const { signal } = new AbortController();
  for await (const delivery of broker.consume({ queue: "machinery_tasks", prefetch: calls.length, signal })) {
    if (deliveries.push(delivery) === calls.length) return deliveries;
  }
  return deliveries;
}

async function ackAll(): Promise<void> {
  await Promise.all(fetched.map((delivery) => delivery.ack()));
}

/** What a caller of `get()` asks of the backend: to be told, and then the state. */
async function woken({ backend }: Bench, id: string): Promise<void> {
  const watch = backend.watch?.(id, () => undefined);
  await backend.loadStates([id]);
  watch?.stop();
}

async function prepared(count: number): Promise<Bench> {
  const store = memoryStore();
  const { add } = startedServer();
  const sample = await recorded();
  const ids = Array.from({ length: count }, (_, index) => `task_${String(index).padStart(36, "0")}`);
  const calls = ids.map((id) => ({ ...sample.call, id }));
  const bodies = calls.map(encodeCall);
  return {
    broker: memoryBroker({ store }),
    backend: memoryBackend({ store }),
    add,
    calls,
    bodies,
    messages: inBatches(ids.map((id, index) => ({ ...sample.message, id, body: bodies[index] ?? "" }))),
    states(status) {
      const state = sample.states.find((one) => one.status === status);
      if (!state) throw new Error(`no ${status} was saved`);
      return inBatches(ids.map((id) => ({ ...state, id })));
    },
  };
}

function inBatches<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );
}

/** Runs one task and keeps what core gave to the ports for it. */
async function recorded() {
  const store = memoryStore();
  const [broker, backend] = [memoryBroker({ store }), memoryBackend({ store })];
  const messages: Message[] = [];
  const states: TaskState[] = [];
  const server = new Server(
    {},
    { ...broker, publish: (batch) => (messages.push(...batch), broker.publish(batch)) },
    { ...backend, saveStates: (batch) => (states.push(...batch), backend.saveStates(batch)) },
  );
  const { add } = server.register({ add: addNumbers });
  server.worker({ signals: false }).start();
  await (await server.send(add(1, 1))).get();
  await server.close();
  const [message] = messages;
  if (!message) throw new Error("nothing was published");
  return { message, states, call: decodeCall(message.body) };
}
