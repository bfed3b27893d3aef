import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PrivateRedis, startRedis } from "../../../tooling/services/private.ts";
import { redis } from "../../../tooling/services/redis.ts";

const example = resolve(import.meta.dirname, "..");
const given = process.env["WFE_TEST_REDIS_URL"];
const available = given !== undefined || redis.find() !== undefined;
if (!available) {
  const text = "examples/redis is not tested: no redis-server, and WFE_TEST_REDIS_URL is not set";
  if (process.env["CI"]) throw new Error(text);
  console.warn(text);
}

interface Program {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly errors: () => string;
  /** Resolves once it has printed this. Rejects if it ends before. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();
afterAll(() => running.forEach((child) => child.kill("SIGKILL")));

function start(file: string, url: string): Program {
  const child = spawn(process.execPath, ["--conditions=@wfe/source", join(example, file)], {
    env: { ...process.env, WFE_REDIS_URL: url },
  });
  running.add(child);
  let [out, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const printed = async (text: string): Promise<void> => {
    while (!out.includes(text)) {
      const over = await Promise.race([once(child.stdout, "data").then(() => false), ended.then(() => true)]);
      if (over && !out.includes(text)) throw new Error(`${file} ended without "${text}": ${out}${errors}`);
    }
  };
  return { child, out: () => out, errors: () => errors, printed, ended };
}

describe.skipIf(!available)("worker and sender", { timeout: 90_000 }, () => {
  let own: PrivateRedis | undefined;
  let url: string;
  let expected: string;
  beforeAll(async () => {
    expected = await readFile(join(example, "expected.txt"), "utf8");
    if (given === undefined) own = await startRedis();
    url = given ?? own?.url ?? "";
  });
  afterAll(() => own?.[Symbol.asyncDispose]());

  test("print what expected.txt says, and the worker ends with SIGTERM", async () => {
    const worker = start("worker.ts", url);
    const sender = start("send.ts", url);
    expect(await sender.ended).toBe(0);
    expect({ out: sender.out(), errors: sender.errors() }).toEqual({ out: expected, errors: "" });
    worker.child.kill("SIGTERM");
    expect(await worker.ended).toBe(0);
    expect(worker.out()).toContain("has stopped");
  });

  test("lose nothing when the worker is killed in the middle and started again", async () => {
    const killed = start("worker.ts", url);
    const sender = start("send.ts", url);
    await sender.printed("now is the time");
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(sender.out()).not.toContain("delayed:");
    const worker = start("worker.ts", url);
    expect(await sender.ended).toBe(0);
    expect({ out: sender.out(), errors: sender.errors() }).toEqual({ out: expected, errors: "" });
    worker.child.kill("SIGTERM");
    expect(await worker.ended).toBe(0);
  });
});

test.each(["worker.ts", "send.ts"])(
  "%s says in one line that Redis is not there",
  { timeout: 20_000 },
  async (file) => {
    const program = start(file, "redis://127.0.0.1:1");
    expect(await program.ended).toBe(1);
    expect(program.out()).toBe("");
    expect(program.errors().trim().split("\n")).toEqual([expect.stringContaining("no answer from Redis")]);
  },
);
