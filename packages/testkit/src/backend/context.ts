import type { Backend, BackendFacts, Group, SaveOutcome, TaskState } from "@wfe/core";
import { within } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Opened } from "../suite.ts";
import type { BackendFactory, BackendSuiteOptions } from "./fixture.ts";

export const HOUR_MS = 3_600_000;

/** What a backend case works with. Every backend that it opens is closed with it. */
export interface BackendTest {
  readonly backend: Backend;
  readonly facts: BackendFacts;
  readonly timeoutMs: number;
  readonly manyMembers: number;
  another(): Promise<Backend>;
  close(backend: Backend): Promise<void>;
  /** A PENDING state under a fresh id, but for what is given. */
  state(fields?: Partial<TaskState>): TaskState;
  /** A group of `size` listed members under a fresh id, but for what is given. */
  group(size: number, fields?: Partial<Group>): Group;
  /** Saves one state. */
  save(state: TaskState, backend?: Backend): Promise<SaveOutcome>;
  load(id: string, backend?: Backend): Promise<TaskState | undefined>;
  /** A moment shortly ahead: what expires then is certainly there now, and gone within `expiryTimeoutMs`. */
  soon(): number;
  readonly expiryTimeoutMs: number;
}

export async function openBackendTest(
  factory: BackendFactory,
  options: BackendSuiteOptions = {},
): Promise<Opened<BackendTest>> {
  const { timeoutMs = 5_000, manyMembers = 1_000 } = options;
  const fixture = await factory({ namespace: uniqueName("kit") });
  const { backend } = fixture;
  const { facts } = backend;
  const backends = new Set([backend]);
  const soonMs = 250 + facts.expiryStepMs;

  const another = async (): Promise<Backend> => {
    const other = await fixture.another();
    backends.add(other);
    return other;
  };
  const close = async (one: Backend): Promise<void> => {
    backends.delete(one);
    await within(one[Symbol.asyncDispose](), timeoutMs, "closing a backend");
  };
  const state = (fields: Partial<TaskState> = {}): TaskState => ({
    id: uniqueName("task"),
    name: "kit.task",
    status: "PENDING",
    attempt: 0,
    start: 0,
    beat: 0,
    run: "",
    results: [],
    error: "",
    createdAt: Date.now(),
    expiresAt: Date.now() + HOUR_MS,
    ...fields,
  });
  const group = (size: number, fields: Partial<Group> = {}): Group => {
    const id = uniqueName("group");
    const memberIds = Array.from({ length: size }, (_, i) => `${id}-member-${i}`);
    return { id, size, memberIds, createdAt: Date.now(), expiresAt: Date.now() + HOUR_MS, ...fields };
  };
  const save = async (one: TaskState, by: Backend = backend): Promise<SaveOutcome> =>
    only(await within(by.saveStates([one]), timeoutMs, "saveStates"));
  const load = async (id: string, by: Backend = backend): Promise<TaskState | undefined> =>
    only(await within(by.loadStates([id]), timeoutMs, "loadStates"));
  const closeAll = async (): Promise<void> => {
    const closed = await Promise.allSettled([...backends].map(close));
    await fixture.cleanup();
    const failed = closed.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  };
  const tools = { another, close, state, group, save, load, soon: () => Date.now() + soonMs };
  const limits = { timeoutMs, manyMembers, expiryTimeoutMs: soonMs + facts.expiryStepMs + timeoutMs };
  return { context: { backend, facts, ...limits, ...tools }, close: closeAll };
}

/** The one answer of a batch of one. */
export function only<T>(answers: readonly T[]): T {
  if (answers.length !== 1) throw new Error(`a batch of one was answered with ${answers.length} items`);
  return answers[0] as T;
}

/** Calls a batch method with no more items at once than the facts allow; the answers in order. */
export async function inBatches<In, Out>(
  facts: BackendFacts,
  items: readonly In[],
  call: (batch: readonly In[]) => Promise<readonly Out[]>,
): Promise<Out[]> {
  const size = Math.min(facts.maxBatch, 500);
  const answers: Out[] = [];
  for (let from = 0; from < items.length; from += size) {
    const batch = items.slice(from, from + size);
    const got = await call(batch);
    if (got.length !== batch.length)
      throw new Error(`${batch.length} items were answered with ${got.length}`);
    answers.push(...got);
  }
  return answers;
}

/** The state that stands after a refused save. */
export function standingOf(outcome: SaveOutcome | undefined): TaskState {
  if (outcome && "state" in outcome) return outcome.state;
  throw new Error(`expected a refusal that tells what stands, got ${JSON.stringify(outcome)}`);
}

export function wasStored(outcome: SaveOutcome | undefined): boolean {
  if (outcome && "error" in outcome) throw outcome.error;
  return outcome?.stored === true;
}

/** The state without its expiry, which a backend keeps only to `facts.expiryStepMs`. */
export function timeless(state: TaskState | undefined): Omit<TaskState, "expiresAt"> | undefined {
  if (state === undefined) return undefined;
  const { expiresAt: _, ...rest } = state;
  return rest;
}
