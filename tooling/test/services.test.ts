import { existsSync } from "node:fs";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { discard, down, placeOf, up } from "../services/lifecycle.ts";
import { answers } from "../services/ports.ts";
import { startPrivate, startRedis } from "../services/private.ts";
import { birthOf, isAlive, stopProcess } from "../services/process.ts";
import { report } from "../services/report.ts";
import type { Place, Service } from "../services/service.ts";
import { redis } from "../services/redis.ts";

const run = `test-services-${process.pid}`;

/** A Node process that listens and answers "pong", or does what `script` says. */
function fakeService(script?: string, overrides: Partial<Service> = {}): Service {
  const listen = `require("net").createServer((s) => s.on("data", () => s.end("pong"))).listen(process.argv[1])`;
  return {
    name: "fake",
    variables: ["WFE_TEST_FAKE"],
    usedBy: [],
    find: () => process.execPath,
    install: () => Promise.resolve(),
    async start(place, program) {
      const port = await place.port("fake");
      place.spawn("fake", program, ["-e", script ?? listen, `${port}`]);
      return { WFE_TEST_FAKE: `127.0.0.1:${port}` };
    },
    ready: async (place) => place.until("it answers", await asks(place)),
    ...overrides,
  };
}

async function asks(place: Place): Promise<() => Promise<boolean>> {
  const port = await place.port("fake");
  return () => answers(port, "ping", "pong");
}

afterEach(async () => {
  await discard(run, [fakeService()]);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("the way of a service", () => {
  test("is started once, then found running, also by another process, and stopped by its pid", async () => {
    const fake = fakeService();
    expect((await up(run, [fake]))[0]?.how).toBe("started");
    const { record, folder } = placeOf(run, fake);
    expect(record.processes.every(isAlive)).toBe(true);

    expect((await up(run, [fake]))[0]?.how).toBe("running");
    expect(placeOf(run, fake).record.processes).toEqual(record.processes);

    expect(await down(run, [fake])).toEqual(["fake"]);
    expect(record.processes.some(isAlive)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  test("a server named by the environment is used and not started", async () => {
    vi.stubEnv("WFE_TEST_FAKE", "elsewhere:1");
    const [outcome] = await up(run, [fakeService()]);
    expect(outcome).toMatchObject({ how: "given", environment: { WFE_TEST_FAKE: "elsewhere:1" } });
    expect(placeOf(run, fakeService()).record.processes).toEqual([]);
  });

  test("a server that ends at once has failed: its log is told and nothing is left", async () => {
    const [outcome] = await up(run, [fakeService(`console.error("no such luck"); process.exit(3)`)]);
    expect(outcome).toMatchObject({ how: "failed", reason: expect.stringContaining("no such luck") });
    expect(placeOf(run, fakeService()).record.processes).toEqual([]);
  });

  test("an interrupted start is stopped again", async () => {
    const signal = AbortSignal.abort(new Error("interrupted"));
    const [outcome] = await up(run, [fakeService()], signal);
    expect(outcome).toMatchObject({ how: "failed", reason: expect.stringContaining("interrupted") });
    expect(placeOf(run, fakeService()).record.processes).toEqual([]);
  });

  test("what cannot be installed is skipped with the reason, and an error in CI", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const install = () => Promise.reject(new Error("no registry"));
    const outcomes = await up(run, [fakeService("", { find: () => undefined, install })]);
    expect(outcomes).toMatchObject([{ how: "skipped", reason: "no registry" }]);
    vi.stubEnv("CI", "");
    expect(report(outcomes).ok).toBe(true);
    vi.stubEnv("CI", "true");
    expect(report(outcomes).ok).toBe(false);
  });

  test("a pid that was given to another process meanwhile is not touched", async () => {
    const other = { name: "other", pid: process.pid, bornAt: "long ago" };
    await stopProcess(other);
    expect(birthOf(process.pid)).toBeDefined();
  });
});

describe("a private server", () => {
  test("crashes and restarts at the same address under a new pid", async () => {
    await using server = await startPrivate(fakeService());
    const [first] = server.processes;
    await server.kill();
    expect(server.processes).toEqual([]);
    await server.restart();
    expect(server.processes[0]?.pid).not.toBe(first?.pid);
    const port = Number(server.environment.WFE_TEST_FAKE?.split(":")[1]);
    expect(await answers(port, "ping", "pong")).toBe(true);
  });

  test("leaves no process and no folder behind", async () => {
    const server = await startPrivate(fakeService());
    const { processes } = server;
    await server[Symbol.asyncDispose]();
    expect(processes.some(isAlive)).toBe(false);
    expect(server.processes).toEqual([]);
  });

  test.skipIf(!redis.find())(
    "Redis keeps its append-only file over a crash (skipped if not installed)",
    async () => {
      const server = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
      onTestFinished(() => server[Symbol.asyncDispose]());
      const port = Number(new URL(server.url).port);
      expect(await answers(port, "SET key value\r\n", "+OK")).toBe(true);
      const { pid } = server;
      await server.kill();
      await expect(answers(port, "GET key\r\n", "")).rejects.toThrow("ECONNREFUSED");
      await server.restart();
      expect(server.pid).not.toBe(pid);
      expect(await answers(port, "GET key\r\n", "$5\r\nvalue")).toBe(true);
    },
  );
});
