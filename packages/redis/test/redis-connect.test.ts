import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, eventually, rejection, uniqueName } from "@wfe/testkit";
import type { Logger } from "@wfe/core";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startRedis, type PrivateRedis } from "../../../tooling/services/private.ts";
import { redisBackend, redisBroker, type RedisConnectOptions, redisLock } from "../src/index.ts";
import { describeWithRedis, type LegacyOptions } from "./deployments.ts";
import { message } from "./load.ts";

let folder: string;
let server: PrivateRedis;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wfe-redis-"));
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject, ...files],
    { stdio: "ignore" },
  );
  server = await startRedis({ args: ["--unixsocket", join(folder, "redis.sock")] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** A message through the broker, a state and its end through the backend, a lock: all that is connected for. */
async function works(options: RedisConnectOptions): Promise<void> {
  const [queue, id] = [uniqueName("q"), uniqueName("task")];
  await using broker = redisBroker(options);
  await using backend = redisBackend(options);
  await using lock = redisLock(options);
  const got = collect(broker, queue, 2);
  await broker.publish([message(queue, "now"), message(queue, "later", { notBefore: Date.now() + 50 })]);
  expect((await got).map((one) => one.body)).toEqual(["now", "later"]);
  const woken = Promise.withResolvers<unknown>();
  await backend.watch?.(id, woken.resolve).ready;
  const state = {
    id,
    name: "t",
    status: "SUCCESS",
    attempt: 0,
    start: 1,
    beat: 0,
    run: "r",
    results: [],
    error: "",
  } as const;
  const times = { createdAt: Date.now(), expiresAt: Date.now() + 60_000 };
  expect(await backend.saveStates([{ ...state, ...times }])).toEqual([{ stored: true }]);
  expect(await woken.promise).toMatchObject({ id, status: "SUCCESS" });
  await using lease = await lock.acquire(uniqueName("key"), { ttlMs: 10_000 });
  expect(lease).toBeDefined();
}

describeWithRedis("ways to connect", () => {
  const port = (): number => Number(new URL(server.url).port);

  it("a URL with a database", () => works({ url: `${server.url}/3` }));
  it("a unix socket, as redis+socket://", () =>
    works({ url: `redis+socket://${join(folder, "redis.sock")}?db=2` }));
  it("a client, which is neither used nor closed, with its key prefix", async () => {
    const prefix = uniqueName("ns");
    const client = new Redis(server.url, { keyPrefix: `${prefix}:` });
    await works({ client });
    expect(await client.ping()).toBe("PONG");
    const broker = redisBroker({ client });
    await broker.publish([message("q", "kept")]);
    await broker[Symbol.asyncDispose]();
    expect(await client.lrange("q", 0, -1)).toEqual(["kept"]);
    client.disconnect();
  });
  it("a function that makes clients", () =>
    works({
      client: (overrides) => new Redis({ port: port(), host: "127.0.0.1", ...overrides } as LegacyOptions),
    }));
  it("RESP2", () => works({ client: new Redis(server.url, { protocol: 2, lazyConnect: true }) }));

  it("TLS, with a certificate that is checked", { timeout: 20_000 }, async () => {
    const files = ["--tls-cert-file", join(folder, "cert.pem"), "--tls-key-file", join(folder, "key.pem")];
    const tlsPort = port() + 1 > 65_535 ? port() - 1 : port() + 1;
    const others = [
      "--tls-ca-cert-file",
      join(folder, "cert.pem"),
      "--tls-auth-clients",
      "no",
      "--tls-port",
      `${tlsPort}`,
    ];
    await using secured = await startRedis({ args: [...files, ...others] });
    expect(secured.pid).toBeDefined();
    const ca = readFileSync(join(folder, "cert.pem"));
    await works({ client: new Redis(`rediss://127.0.0.1:${tlsPort}`, { tls: { ca }, lazyConnect: true }) });
    await using distrusting = redisBroker({ url: `rediss://127.0.0.1:${tlsPort}`, commandTimeoutMs: 500 });
    const error = await rejection(distrusting.publish([message("q", "x")]), "WFE_PUBLISH_FAILED");
    expect(error.message).toMatch(/self.signed certificate/);
  });

  it("an ACL user who may do only what the README says", async () => {
    const admin = new Redis(server.url);
    const commands =
      readFileSync(new URL("../README.md", import.meta.url), "utf8").match(/^ACL SETUSER .*$/m)?.[0] ?? "";
    await admin.call("ACL", commands.split(" ").slice(1));
    const [, password = ""] = />(\S+)/.exec(commands) ?? [];
    await works({ url: `redis://wfe:${password}@127.0.0.1:${port()}` });
    admin.disconnect();
  });

  it("a wrong password is told clearly", async () => {
    await using broker = redisBroker({
      url: `redis://nobody:wrong@127.0.0.1:${port()}`,
      commandTimeoutMs: 300,
    });
    const error = await rejection(broker.publish([message("q", "x")]), "WFE_PUBLISH_FAILED");
    expect(error.message).toMatch(/WRONGPASS/);
  });

  it("no address, or a senseless option, is refused at once", () => {
    expect(() => redisBroker({} as RedisConnectOptions)).toThrow(
      expect.objectContaining({ code: "WFE_INVALID_OPTION" }),
    );
    expect(() => redisBroker({ url: "redis://x", visibilityTimeoutMs: 5 })).toThrow(/visibilityTimeoutMs/);
    expect(() => redisBroker({ url: "redis://x", priorities: [300] })).toThrow(/priorities/);
  });
});

describeWithRedis("warnings at the start", () => {
  it("a server that may evict queues and results", async () => {
    await using evicting = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
    const warnings: string[] = [];
    const tell = (_: object, text: string): void => void warnings.push(text);
    const logger: Logger = { debug: tell, info: tell, warn: tell, error: tell };
    await using broker = redisBroker({ url: evicting.url, logger });
    await broker.publish([message("q", "x")]);
    await eventually(() => expect(warnings.join()).toContain("maxmemory-policy is allkeys-lru"));
    await using fine = redisBroker({ url: server.url, logger });
    await fine.publish([message("q", "x")]);
    await fine.inspect("q");
    expect(warnings).toHaveLength(1);
  });
});
