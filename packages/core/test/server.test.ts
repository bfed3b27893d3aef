import { chain, chord, group, Server, type ServerConfig, type WorkerOptions } from "@wfe/core";
import { memoryBackend, memoryBroker, memoryStore, virtualTime } from "@wfe/memory";
import { describe, expect, it } from "vitest";

const code = (name: string) => expect.objectContaining({ code: name }) as Error;

function newServer(config: ServerConfig = {}): Server {
  const store = memoryStore();
  return new Server(config, memoryBroker({ store }), memoryBackend({ store }));
}

describe("options", () => {
  it.each<ServerConfig>([
    { defaultQueue: "" },
    { resultsExpireInMs: 0 },
    { resultsExpireInMs: NaN },
    { maxStarts: 0 },
    { maxRetryLater: -1 },
    { unknownTaskLimitMs: -1 },
    { sendTimeoutMs: 0 },
    { maxStarts: "3" as never },
  ])("of a server: %o is refused", (config) => {
    expect(() => newServer(config)).toThrow(code("WFE_INVALID_OPTION"));
  });

  it.each<WorkerOptions>([
    { concurrency: 0 },
    { concurrency: -1 },
    { concurrency: 1.5 },
    { concurrency: NaN },
    { queues: [] },
    { queues: [""] },
    { queues: { q: 0 } },
    { queues: { q: -1 } },
    { stopDeadlineMs: -1 },
    { beatMs: NaN },
  ])("of a worker: %o is refused", (options) => {
    expect(() => newServer().worker(options)).toThrow(code("WFE_INVALID_OPTION"));
  });

  it("of a worker that are fine (TestNewWorker, TestNewCustomQueueWorker)", () => {
    expect(newServer().worker().tag).toBe("worker");
    expect(newServer().worker({ tag: "mine", queues: { a: 3, b: 1 }, concurrency: 4 }).tag).toBe("mine");
  });
});

describe("sending", () => {
  it("refuses what is no workflow, and says where", async () => {
    const server = newServer();
    const { add } = server.register({ add: (a: number, b: number) => a + b });
    for (const wrong of [undefined, null, 5, {}, add, Promise.resolve(add(1, 2))]) {
      await expect(server.send(wrong as never)).rejects.toThrow(code("WFE_INVALID_WORKFLOW"));
    }
    expect(() => chain()).toThrow("at least one link");
    expect(() => chain(add(1, 2), add as never)).toThrow(
      "link 2 is function, not a workflow; was the task called?",
    );
    expect(() => group(add(1, 2), undefined as never)).toThrow("member 2");
    expect(() => chord(add(1, 2) as never, add(1, 2) as never)).toThrow("group() first");
    expect(() => chord(group(add(1, 2)), 5 as never)).toThrow("callback");
    await expect(server.send(add(1, 2), { id: "" })).rejects.toThrow(code("WFE_INVALID_OPTION"));
    expect(() => server.signature("")).toThrow(code("WFE_INVALID_OPTION"));
  });

  it("knows no task twice, and takes more later (TestRegisterTask, TestGetRegisteredTask)", () => {
    const server = newServer();
    server.register({ one: () => 1 });
    server.register({ two: () => 2 });
    expect(() => server.register({ one: () => 3 })).toThrow(code("WFE_DUPLICATE_TASK"));
  });

  it("rejects when the caller's signal aborts, or its time is over", async () => {
    const clock = virtualTime();
    const store = memoryStore({ clock });
    const broker = { ...memoryBroker({ store }), publish: () => new Promise<void>(() => undefined) };
    const server = new Server({ clock }, broker, memoryBackend({ store }));
    const { add } = server.register({ add: (a: number, b: number) => a + b });
    const stop = new AbortController();
    const sending = server.send(add(1, 2), { signal: stop.signal });
    stop.abort();
    await expect(sending).rejects.toThrow(code("WFE_ABORTED"));
    await expect(clock.until(server.send(add(1, 2), { timeoutMs: 50 }))).rejects.toThrow(code("WFE_TIMEOUT"));
    await expect(clock.until(server.send(add(1, 2)))).rejects.toThrow(code("WFE_TIMEOUT"));
  });

  it("needs no code: a remote creator makes the same call", () => {
    const tasks = { add: (a: number, b: number) => a + b };
    const remote = newServer().remote<typeof tasks>();
    expect(remote.add(1, 2)).toMatchObject({ name: "add", args: [{ value: 1 }, { value: 2 }] });
    expect(remote.add).toBe(remote.add);
    expect((remote as { then?: unknown }).then).toBeUndefined();
  });
});

describe("the life of a server", () => {
  it("ends with close: its workers stop, and it takes nothing more", async () => {
    const server = newServer();
    const { add } = server.register({ add: (a: number, b: number) => a + b });
    const worker = server.worker().start();
    expect(await (await server.send(add(1, 2))).get({ timeoutMs: 5_000 })).toBe(3);
    await server.close();
    await server.close();
    expect(worker.running).toBe(0);
    await expect(server.send(add(1, 2))).rejects.toThrow(code("WFE_CLOSED"));
    expect(() => server.worker()).toThrow(code("WFE_CLOSED"));
  });

  it("ends whoever waits for a result", async () => {
    const server = newServer();
    const sent = await server.send(server.signature("nobody"));
    const waiting = sent.get();
    await server.close();
    await expect(waiting).rejects.toThrow(code("WFE_CLOSED"));
  });

  it("leaves no timer behind: after results, timeouts, aborted waits and stops", async () => {
    const clock = virtualTime();
    const store = memoryStore({ clock });
    const server = new Server({ clock }, memoryBroker({ store }), memoryBackend({ store }));
    const { add, fail, hang } = server.register({
      add: (a: number, b: number) => a + b,
      fail: (): number => {
        throw new Error("no");
      },
      hang: () => new Promise<number>(() => undefined),
    });
    const worker = server.worker().start();
    expect(
      await clock.until((await server.send(add(1, 2).set({ timeoutMs: 9_000 }))).get({ timeoutMs: 9_000 })),
    ).toBe(3);
    const hanging = await server.send(hang());
    await expect(clock.until(hanging.get({ timeoutMs: 100 }))).rejects.toThrow(code("WFE_TIMEOUT"));
    await expect(hanging.get({ signal: AbortSignal.abort() })).rejects.toThrow(code("WFE_ABORTED"));
    const both = await server.send(group(fail(), hang()));
    await expect(clock.until(both.get())).rejects.toThrow("no");
    await clock.until(worker.stop({ deadlineMs: 1_000 }));
    await server.close();
    store[Symbol.dispose]();
    expect(clock.timers).toBe(0);
  });
});
