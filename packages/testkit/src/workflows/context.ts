import { expect } from "vitest";
import {
  type BrokerFacts,
  type Logger,
  type Result,
  Server,
  type ServerConfig,
  type TaskState,
} from "@wfe/core";
import type { Worker, WorkerOptions } from "@wfe/core";
import { eventually as eventuallyReal, within } from "../eventually.ts";
import { uniqueName } from "../random.ts";
import type { Opened } from "../suite.ts";
import type {
  Adapters,
  TestClock,
  WorkflowFactory,
  WorkflowFixture,
  WorkflowSuiteOptions,
} from "./fixture.ts";
import { diary, type Diary, kitTasks, type KitCreators } from "./tasks.ts";

/** What a case of `testWorkflows` works with. Everything it opens is closed with it. */
export interface WorkflowTest {
  readonly adapters: Adapters;
  readonly facts: BrokerFacts;
  readonly fixture: Omit<WorkflowFixture, "cleanup">;
  readonly settings: Settings;
  /** The default queue of this test's servers. */
  readonly queue: string;
  readonly clock: TestClock | undefined;
  /** What the kit's tasks did, on whichever server of this test. */
  readonly diary: Diary;
  /** The server of most cases: with the kit's tasks, and no worker yet. */
  readonly server: Server;
  readonly tasks: KitCreators;
  /** A started worker of `server`. */
  work(options?: WorkerOptions & { readonly server?: Server }): Worker;
  /** Another server, by default on the same connections. It has no tasks. */
  newServer(config?: ServerConfig, adapters?: Adapters): Server;
  withKitTasks(server: Server): KitCreators;
  another(): Promise<Adapters>;
  /** The death of the process that has these adapters. */
  crash(adapters: Adapters): Promise<void>;
  /** A fresh queue that is ready for use. */
  newQueue(): Promise<string>;
  /** The end of a promise, in the time a step may take, or in virtual time. */
  wait<T>(promise: PromiseLike<T>): Promise<T>;
  get<T>(result: Pick<Result<T>, "get">): Promise<T>;
  /** Why it failed: the error that `get` rejects with. */
  failure(result: Pick<Result, "get">, code?: string): Promise<Error>;
  eventually<T>(probe: () => T | PromiseLike<T>): Promise<T>;
  /** The state of one call; it must be there. */
  state(id: string): Promise<TaskState>;
  /** Waits until nothing waits, runs or is delayed in the queue, as far as the broker can tell. */
  drained(queue?: string): Promise<void>;
  now(): number;
  /** So many of the steps by which this suite delays things. */
  delay(steps: number): number;
}

export interface Settings {
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly members: number;
  readonly seed: number;
  readonly delayMs: number;
  readonly queueName: (name: string) => string;
}

export function workflowSettings(options: WorkflowSuiteOptions): Settings {
  return {
    timeoutMs: options.timeoutMs ?? 5_000,
    leaseMs: options.leaseMs ?? 1_000,
    members: options.members ?? 1_000,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
    delayMs: options.delayMs ?? 30,
    queueName: options.queueName ?? ((name) => name),
  };
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Calls the factory and gives a case its tools. `close` stops workers, closes all adapters, then cleans up. */
export async function openWorkflowTest(
  factory: WorkflowFactory,
  options: WorkflowSuiteOptions = {},
): Promise<Opened<WorkflowTest>> {
  const settings = workflowSettings(options);
  const { timeoutMs } = settings;
  const fixture = await factory({ namespace: uniqueName("ns") });
  const { clock } = fixture;
  const adapters: Adapters = { broker: fixture.broker, backend: fixture.backend, lock: fixture.lock };
  const alive = new Set<Adapters>([adapters]);
  const dead = new Set<Adapters>();
  const owners = new Map<Server, Adapters>();
  const workers: { readonly worker: Worker; readonly of: Adapters }[] = [];
  const log = diary();
  const now = (): number => clock?.now() ?? Date.now();

  const wait = <T>(promise: PromiseLike<T>): Promise<T> =>
    clock ? clock.until(promise) : within(promise, timeoutMs, "a step of this case");
  const delay = (steps: number): number => steps * settings.delayMs;
  const newQueue = async (): Promise<string> => {
    const name = settings.queueName(uniqueName("q"));
    await fixture.prepare?.(name);
    await fixture.prepare?.(fixture.broker.deadLetterQueue(name));
    return name;
  };
  const queue = await newQueue();
  const newServer = (config: ServerConfig = {}, of: Adapters = adapters): Server => {
    const server = new Server(
      { defaultQueue: queue, ...(clock && { clock }), ...config },
      of.broker,
      of.backend,
      of.lock,
    );
    owners.set(server, of);
    return server;
  };
  const withKitTasks = (server: Server): KitCreators => server.register(kitTasks(log, now));
  const server = newServer();
  const tasks = withKitTasks(server);
  const work: WorkflowTest["work"] = ({ server: by = server, ...rest } = {}) => {
    const worker = by.worker(rest).start();
    workers.push({ worker, of: owners.get(by) ?? adapters });
    return worker;
  };
  const another = async (): Promise<Adapters> => {
    const made = await fixture.another();
    alive.add(made);
    return made;
  };
  const crash = async (of: Adapters): Promise<void> => {
    dead.add(of);
    alive.delete(of);
    await fixture.crash?.(of);
  };
  const get: WorkflowTest["get"] = (result) => wait(result.get(clock ? {} : { timeoutMs }));
  const failure: WorkflowTest["failure"] = async (result, code = "WFE_TASK_FAILED") => {
    const error = await get(result).then(
      (value) => new Error(`expected a failure, got ${JSON.stringify(value)}`),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code });
    return error;
  };
  const eventually: WorkflowTest["eventually"] = (probe) =>
    eventuallyReal(
      async () => {
        if (clock) await clock.advance(20);
        return await probe();
      },
      { timeoutMs, everyMs: clock ? 0 : 5 },
    );
  const state = async (id: string): Promise<TaskState> => {
    const found = await server.result(id).state();
    if (!found) throw new Error(`there is no state of ${id}`);
    return found;
  };
  const drained: WorkflowTest["drained"] = async (name = queue) => {
    const wanted = Object.fromEntries(adapters.broker.facts.inspects.map((kind) => [kind, 0]));
    await eventually(async () => expect(await adapters.broker.inspect(name)).toMatchObject(wanted));
  };
  const close = async (): Promise<void> => {
    const stops = workers.map(({ worker, of }) => {
      const stopped = worker.stop({ deadlineMs: 0 });
      return dead.has(of) ? stopped.catch(() => undefined) : stopped;
    });
    const stopped = await Promise.allSettled(stops.map(wait));
    const closing = [...alive].flatMap((one) => [one.broker, one.backend, ...(one.lock ? [one.lock] : [])]);
    const closed = await Promise.allSettled(closing.map((one) => wait(one[Symbol.asyncDispose]())));
    const cleaned = await Promise.allSettled([cleanup(fixture)]);
    const failed = [...stopped, ...closed, ...cleaned].find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  };

  const tools = {
    work,
    newServer,
    withKitTasks,
    another,
    crash,
    newQueue,
    wait,
    get,
    failure,
    eventually,
    state,
    drained,
    now,
    delay,
  };
  const facts = adapters.broker.facts;
  return {
    context: { adapters, facts, fixture, settings, queue, clock, diary: log, server, tasks, ...tools },
    close,
  };
}

async function cleanup(fixture: WorkflowFixture): Promise<void> {
  await fixture.cleanup();
}
