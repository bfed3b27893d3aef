import type { Member, StoredGroup, TaskState } from "./backend.ts";
import type { Call } from "./call.ts";
import { callbackWith, causeText, doomed, errorCalls, followUps } from "./advance.ts";
import { memberId } from "./compile.ts";
import { errorText, isRetryable } from "./errors.ts";
import { rankOf } from "./order.ts";
import type { Run } from "./run.ts";
import type { Runtime } from "./runtime.ts";
import { stateOf } from "./runtime.ts";

/**
 * Everything that follows from a final state, in the order that a crash can interrupt anywhere: settle what can
 * no longer run, count the members, publish the follow-ups, mark their groups as triggered. Each step is
 * idempotent, so a redelivery does all of it again under the same ids.
 */
export function finish(run: Run, call: Call, state: TaskState): Promise<void> {
  return isAlone(call) ? DONE : new Aftermath(run).of(call, state);
}

const DONE = Promise.resolve();

function isAlone(call: Call): boolean {
  return !call.onSuccess && !call.onError && !call.chordCallback;
}

class Aftermath {
  readonly #run: Run;
  readonly #runtime: Runtime;
  readonly #seen = new Set<string>();
  readonly #ready: Call[] = [];
  readonly #triggered: StoredGroup[] = [];
  /** Calls that have ended and belong to a group that waits for them. */
  #members: Call[] = [];

  constructor(run: Run) {
    this.#run = run;
    this.#runtime = run.station.runtime;
  }

  async of(call: Call, state: TaskState): Promise<void> {
    this.#ready.push(...followUps(call, state));
    this.#members.push(call);
    if (state.status !== "SUCCESS") await this.#doom(doomed(call), causeText(call, state.error));
    while (this.#members.length > 0 || this.#ready.length > 0) {
      await this.#settle();
      await this.#publish();
    }
    await Promise.all(this.#triggered.map((group) => this.#close(group)));
  }

  /** Settles FAILURE what can no longer run. */
  async #doom(calls: readonly Call[], error: string): Promise<void> {
    const fresh = calls.filter((call) => !this.#seen.has(call.id));
    for (const call of fresh) this.#seen.add(call.id);
    const states = fresh.map((call) => stateOf(call, "FAILURE", this.#runtime, { error }));
    await Promise.all(states.map((one) => this.#run.save(one)));
    this.#members.push(...fresh);
  }

  /** Counts the ended members; a group whose last one this was gives its callback, or that one's error callbacks. */
  async #settle(): Promise<void> {
    const ended = this.#members.filter((call) => call.groupId !== "" && call.chordCallback);
    this.#members = [];
    const complete = new Map<string, Call>();
    await Promise.all(
      ended.map(async (call) => {
        const callback = call.chordCallback as Call;
        const member: Member = { groupId: call.groupId, taskId: call.id };
        const outcome = await this.#run.patiently("count a member", () => this.#runtime.ports.settle(member));
        if ("missing" in outcome) await this.#doomMissing(call.groupId, callback);
        else if (outcome.remaining === 0 && !outcome.triggered) complete.set(call.groupId, callback);
      }),
    );
    for (const [groupId, callback] of complete) await this.#trigger(groupId, callback);
  }

  #doomMissing(groupId: string, callback: Call): Promise<void> {
    const error = `the record of group ${groupId} is gone: it expired, was evicted, or was never stored`;
    return this.#doomWith(callback, error);
  }

  /** Settles a call FAILURE that will never be sent, and all that can no longer run because of that. */
  #doomWith(call: Call, error: string): Promise<void> {
    return this.#doom([call, ...doomed(call)], error);
  }

  async #trigger(groupId: string, callback: Call): Promise<void> {
    const group = await this.#run.patiently("load a group", () => this.#runtime.ports.loadGroup(groupId));
    if (!group) return this.#doomMissing(groupId, callback);
    const ids = memberIds(group);
    const states = await this.#loadAll(ids);
    const failed = ids.filter((_, index) => states[index]?.status !== "SUCCESS");
    if (failed.length === 0) {
      this.#ready.push(callbackWith(callback, states as readonly TaskState[]));
    } else {
      const error = failureText(ids, states, failed.length);
      await this.#doomWith(callback, error);
      this.#ready.push(...errorCalls(callback, error));
    }
    this.#triggered.push(group);
  }

  async #loadAll(ids: readonly string[]): Promise<(TaskState | undefined)[]> {
    const { ports } = this.#runtime;
    const states: (TaskState | undefined)[] = [];
    const page = Math.min(1000, ports.backend.facts.maxBatch);
    for (let from = 0; from < ids.length; from += page) {
      const some = ids.slice(from, from + page);
      states.push(...(await this.#run.patiently("load the members", () => ports.loadMany(some))));
    }
    return states;
  }

  /** A follow-up that can never be sent (too large) has failed, and what follows from it with it. */
  async #publish(): Promise<void> {
    const calls = this.#ready.splice(0);
    await Promise.all(
      calls.map(async (call) => {
        try {
          await this.#run.publish(call);
        } catch (error) {
          if (isRetryable(error)) throw error;
          await this.#doomWith(call, `could not be sent: ${errorText(error)}`);
          this.#ready.push(...errorCalls(call, errorText(error)));
        }
      }),
    );
  }

  async #close(group: StoredGroup): Promise<void> {
    const { ports, clock, settings } = this.#runtime;
    const expiresAt = clock.now() + settings.resultsExpireInMs;
    await this.#run.patiently("close a group", () => ports.closeGroup(group, memberIds(group), expiresAt));
  }
}

export function memberIds(group: StoredGroup): readonly string[] {
  return group.memberIds ?? Array.from({ length: group.size }, (_, index) => memberId(group.id, index));
}

/** At most so many failed members are listed by name. */
const LISTED_FAILURES = 20;

function failureText(
  ids: readonly string[],
  states: readonly (TaskState | undefined)[],
  failed: number,
): string {
  const lines: string[] = [];
  for (let index = 0; index < ids.length && lines.length < LISTED_FAILURES; index += 1) {
    const state = states[index];
    if (state?.status === "SUCCESS") continue;
    if (!state || rankOf(state.status) < 4) lines.push(`${ids[index]}: its result is gone`);
    else lines.push(causeText(state, state.error));
  }
  const more = failed > lines.length ? `; and ${failed - lines.length} more` : "";
  return `${failed} of ${ids.length} members failed: ${lines.join("; ")}${more}`;
}
