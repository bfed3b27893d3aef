import { expect } from "vitest";
import type { Server, TaskState } from "@wfe/core";
import { type CallRecord, type Fault, memoryStore, type VirtualTime, virtualTime } from "@wfe/memory";
import { compile } from "../src/compile.ts";
import { crashTasks, type Shape, type Tasks, World } from "./crash-shapes.ts";
import { type Finals, type Process, startProcess } from "./process.ts";

const ID = "root";

export interface Played {
  readonly world: World;
  /** Every final state that was stored. */
  readonly finals: Finals;
  /** What the first process called. */
  readonly calls: readonly CallRecord[];
  /** What `get()` answered, or the text of what it rejected with. */
  readonly end: unknown;
  readonly states: readonly (TaskState | undefined)[];
  readonly left: unknown;
  readonly timersLeft: number;
  /** The ids of the dead letters. */
  readonly dead: readonly string[];
}

/**
 * Sends and runs a shape. `plans` are the faults of one process each: when it dies of them, the next one takes over.
 * A client that did not hear that its workflow was accepted sends it again under its id; else it only waits.
 */
export async function play(shape: Shape, ...plans: readonly (readonly Fault[])[]): Promise<Played> {
  const clock = virtualTime();
  const store = memoryStore({ clock });
  const world = new World();
  const finals: Finals = new Map();
  const client = { accepted: false };
  const begin = (index: number): Process & { readonly tasks: Tasks } => {
    const process = startProcess(store, clock, finals, plans[index] ?? []);
    const tasks = process.server.register(crashTasks(world));
    process.server.worker({ concurrency: 4 }).start();
    return { ...process, tasks };
  };
  let process = begin(0);
  const first = process.faults;
  let end: unknown;
  for (let index = 1; ; index += 1) {
    const waiting = outcome(process.server, shape, process.tasks, client);
    const died = process.faults.crashed.then(() => DIED);
    end = await clock.until(Promise.race([waiting, died]), { realMs: 300 });
    if (end !== DIED) end = await clock.until(Promise.race([settle(clock, end), died]));
    if (end !== DIED) break;
    await process.bury();
    process = begin(index);
  }
  await clock.advance(10 * 60_000);
  const calls = [...first.calls];
  const witness = startProcess(store, clock, finals).server;
  const left = await witness.inspect();
  const dead = (await witness.deadLetters().list()).map((letter) => letter.id);
  const states = await statesOf(shape, process.tasks, witness);
  await clock.until(Promise.all([process.server.close(), witness.close()]));
  store[Symbol.dispose]();
  return { world, finals, calls, end, states, left, timersLeft: clock.timers, dead };
}

const DIED: unique symbol = Symbol("the process died");

/** What comes after the answer may be hit by the crash, too. */
async function settle(clock: VirtualTime, end: unknown): Promise<unknown> {
  await new Promise<void>((resolve) => clock.after(60_000, resolve));
  return end;
}

async function outcome(
  server: Server,
  { node }: Shape,
  tasks: Tasks,
  client: { accepted: boolean },
): Promise<unknown> {
  const workflow = node(tasks) as { readonly kind: string };
  while (!client.accepted) {
    const sending = server.send(workflow as never, { id: ID });
    await sending.then(
      () => (client.accepted = true),
      (error: { code?: string }) => expect(error.code).toMatch(/WFE_UNAVAILABLE|WFE_PUBLISH_FAILED/),
    );
  }
  const result = workflow.kind === "group" ? await groupResult(server) : server.result(ID);
  return await result.get().catch((error: Error) => error.message);
}

async function groupResult(server: Server): Promise<{ get(): Promise<unknown> }> {
  try {
    return await server.groupResult(ID);
  } catch (error) {
    if ((error as { code?: string }).code !== "WFE_UNAVAILABLE") throw error;
    return await groupResult(server);
  }
}

async function statesOf(shape: Shape, tasks: Tasks, server: Server): Promise<(TaskState | undefined)[]> {
  const { calls } = compile(shape.node(tasks) as never, { rootId: ID, now: 0, groupExpiresAt: 0 });
  return await Promise.all(calls.map((call) => server.result(call.id).state()));
}

/** Everything that must hold, whatever went wrong on the way. `crashes`: so many runs more are explained. */
export function check(shape: Shape, played: Played, calm: Played, crashes: number): void {
  const { world, finals, states, left, end, timersLeft, dead } = played;
  expect(end).toEqual(shape.gives ?? calm.end);
  expect(left, "nothing waits").toMatchObject({ waiting: 0, running: 0, delayed: 0 });
  expect(states.map((state) => state?.status)).toEqual(calm.states.map((state) => state?.status));
  for (const state of states) expect(state?.status, `${state?.id} is final`).toMatch(/SUCCESS|FAILURE/);
  for (const [id, stored] of finals) expect(stored, `final states of ${id}`).toHaveLength(1);
  expect(Object.keys(world.runs).toSorted()).toEqual(Object.keys(shape.runs).toSorted());
  for (const [name, runs] of Object.entries(shape.runs)) {
    expect(world.runs[name], `${name} has run`).toBeGreaterThanOrEqual(runs);
    // A process that dies takes all with it that it runs at that moment: each task at most once more.
    expect(world.runs[name], `${name} has run too often`).toBeLessThanOrEqual(runs * (1 + crashes));
  }
  expect(new Set(dead).size, "dead letters").toBe(shape.dead ?? 0);
  expect(timersLeft, "timers left").toBe(0);
}
