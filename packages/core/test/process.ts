import { Server, type ServerConfig } from "@wfe/core";
import {
  type Fault,
  type FaultInjector,
  faultInjector,
  memoryBackend,
  memoryBroker,
  type MemoryStore,
} from "@wfe/memory";
import type { Clock, TaskState } from "@wfe/core";

/** A process of a test: it has a server on adapters of its own, and can die at any call of theirs. */
export interface Process {
  readonly server: Server;
  readonly faults: FaultInjector;
  /** As the system does for its dead: closes its connections. Nothing was given back before. */
  bury(): Promise<void>;
}

/** Every final state that was stored, by id: more than one of an id is a broken promise. */
export type Finals = Map<string, TaskState[]>;

export function startProcess(
  store: MemoryStore,
  clock: Clock,
  finals: Finals,
  plan: readonly Fault[] = [],
  config: ServerConfig = {},
): Process {
  const faults = faultInjector();
  faults.plan(plan);
  const broker = memoryBroker({ store });
  const backend = memoryBackend({ store });
  const watched: typeof backend = {
    ...backend,
    async saveStates(states, options) {
      const outcomes = await backend.saveStates(states, options);
      outcomes.forEach((outcome, index) => {
        const state = states[index] as TaskState;
        if (!outcome.stored || !/SUCCESS|FAILURE/.test(state.status)) return;
        finals.set(state.id, [...(finals.get(state.id) ?? []), state]);
      });
      return outcomes;
    },
  };
  // A message that was published twice counts two starts for each crash: a few crashes must not look like poison.
  const server = new Server(
    { maxStarts: 100, clock, ...config },
    faults.broker(broker),
    faults.backend(watched),
  );
  return {
    server,
    faults,
    async bury() {
      await broker[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}
