import type {
  Backend,
  Group,
  Member,
  SaveOutcome,
  SettleOutcome,
  StoredGroup,
  TaskState,
} from "./backend.ts";
import type { Broker, Message } from "./broker.ts";
import { PublishError, WfeError, adapterError } from "./errors.ts";
import { gather } from "./gather.ts";

/**
 * The ports as core uses them: one item a call, gathered per tick; per-item errors reject. Whatever an adapter rejects
 * with arrives as a `WfeError`, so that everything else that is thrown is known to be no fault of a server.
 */
export interface Ports {
  readonly broker: Broker;
  readonly backend: Backend;
  publish(message: Message): Promise<void>;
  /** Undefined: stored. Else the state that stands. */
  save(state: TaskState): Promise<TaskState | undefined>;
  load(id: string): Promise<TaskState | undefined>;
  loadMany(ids: readonly string[]): Promise<readonly (TaskState | undefined)[]>;
  settle(member: Member): Promise<Settled>;
  createGroups(groups: readonly Group[]): Promise<void>;
  loadGroup(id: string): Promise<StoredGroup | undefined>;
  /** The group is done: remembers that, and lets it and its members' results expire. */
  closeGroup(group: StoredGroup, memberIds: readonly string[], expiresAt: number): Promise<void>;
}

export type Settled = Exclude<SettleOutcome, { readonly error: Error }>;

export function createPorts(broker: Broker, backend: Backend): Ports {
  const publishing = {
    maxItems: Math.max(1, broker.facts.maxBatch),
    adapter: broker.name,
    maxInFlight: broker.facts.immediate ? Infinity : undefined, // there a publish waits for those inside of it
  };
  const storing = { maxItems: Math.max(1, backend.facts.maxBatch), adapter: backend.name };
  const stored = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => Promise.reject(adapterError(backend.name, error)));
  return {
    broker,
    backend,
    publish: gather(
      (messages) => publishAll(broker, messages),
      publishing,
      (failure) => failure,
    ),
    save: gather((states) => backend.saveStates(states), storing, standing),
    load: gather((ids) => backend.loadStates(ids), storing),
    loadMany: (ids) => stored(backend.loadStates(ids)),
    settle: gather((members) => backend.settleMembers(members), storing, settled),
    createGroups: (groups) => stored(backend.createGroups(groups)),
    loadGroup: (id) => stored(backend.loadGroup(id)),
    async closeGroup(group, memberIds, expiresAt) {
      await stored(backend.markTriggered(group.id, expiresAt));
      await stored(backend.expire(memberIds, expiresAt));
    },
  };
}

const NO_FAILURES: readonly undefined[] = [];

async function publishAll(
  broker: Broker,
  messages: readonly Message[],
): Promise<readonly (Error | undefined)[]> {
  try {
    await broker.publish(messages);
    return NO_FAILURES;
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return messages.map((_, index) => error.failures.get(index));
  }
}

function settled(outcome: SettleOutcome): Settled | Error {
  return "error" in outcome ? outcome.error : outcome;
}

/** A save that was repeated because its answer was lost finds itself standing: that is success. */
function standing(outcome: SaveOutcome, state: TaskState): TaskState | Error | undefined {
  if (outcome.stored) return undefined;
  if ("error" in outcome) return outcome.error;
  return isSame(state, outcome.state) ? undefined : outcome.state;
}

function isSame(saved: TaskState, found: TaskState): boolean {
  return (
    saved.run !== "" && saved.run === found.run && saved.status === found.status && saved.beat === found.beat
  );
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
