import type { Backend, Member, SaveOutcome, SettleOutcome, TaskState } from "./backend.ts";
import type { Broker, Message } from "./broker.ts";
import { PublishError, WfeError } from "./errors.ts";
import { gather } from "./gather.ts";

/** The ports as core uses them: one item a call, gathered per tick; per-item errors reject. */
export interface Ports {
  readonly broker: Broker;
  readonly backend: Backend;
  publish(message: Message): Promise<void>;
  /** Undefined: stored. Else the state that stands. */
  save(state: TaskState): Promise<TaskState | undefined>;
  load(id: string): Promise<TaskState | undefined>;
  settle(member: Member): Promise<Settled>;
}

export type Settled = Exclude<SettleOutcome, { readonly error: Error }>;

export function createPorts(broker: Broker, backend: Backend): Ports {
  const publishing = { maxItems: Math.max(1, broker.facts.maxBatch) };
  const storing = { maxItems: Math.max(1, backend.facts.maxBatch) };
  const saveState = gather((states: readonly TaskState[]) => backend.saveStates(states), storing);
  return {
    broker,
    backend,
    publish: gather((messages: readonly Message[]) => publishAll(broker, messages), publishing),
    save: async (state) => standing(state, await saveState(state)),
    load: gather((ids: readonly string[]) => backend.loadStates(ids), storing),
    settle: gather(async (members: readonly Member[]) => (await backend.settleMembers(members)).map(settled), storing),
  };
}

async function publishAll(broker: Broker, messages: readonly Message[]): Promise<(undefined | Error)[]> {
  try {
    await broker.publish(messages);
    return [];
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return messages.map((_, index) => error.failures.get(index));
  }
}

function settled(outcome: SettleOutcome): Settled | Error {
  return "error" in outcome ? outcome.error : outcome;
}

/** A save that was repeated because its answer was lost finds itself standing: that is success. */
function standing(state: TaskState, outcome: SaveOutcome): TaskState | undefined {
  if (outcome.stored) return undefined;
  if ("error" in outcome) throw outcome.error;
  return isSame(state, outcome.state) ? undefined : outcome.state;
}

function isSame(saved: TaskState, found: TaskState): boolean {
  return saved.run !== "" && saved.run === found.run && saved.status === found.status && saved.beat === found.beat;
}

/** A promise that follows `work`, or rejects when `signal` aborts first. The work itself goes on. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void =>
      reject(new WfeError("WFE_ABORTED", "the caller's signal was aborted", { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
