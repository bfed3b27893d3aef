import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { watchProgress } from "../progress.ts";
import { tasks } from "../tasks.ts";

const example = resolve(import.meta.dirname, "..");
const fixture = join(example, "fixture");

interface Run {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** As `npm start -- <folder>` does, with no terminal. */
async function run(folder: string, environment: Readonly<Record<string, string>> = {}): Promise<Run> {
  const args = ["--conditions=@wfe/source", join(example, "main.ts"), folder];
  const { WFE_REDIS_URL: _elsewhere, ...inherited } = process.env;
  const options = { env: { ...inherited, INIT_CWD: example, ...environment } };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
    return { code: 0, out: stdout, errors: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, errors: stderr };
  }
}

/** Without what differs from run to run. */
function steady(out: string): string {
  return out
    .replace(fixture, "<folder>")
    .replace(/in [\d.]+ s: [\d,]+ files/, "in <seconds> s: <rate> files")
    .replace(/^\d+ times/m, "<retries> times")
    .replace(/Report: \S+/, "Report: <report>");
}

function reportOf(out: string): string {
  return /Report: (\S+)/.exec(out)?.[1] ?? "";
}

let copies: string;
beforeAll(async () => {
  copies = await mkdtemp(join(tmpdir(), "wfe-first-job-test-"));
});
afterAll(() => rm(copies, { recursive: true }));

test("prints what expected.txt says, lists files that failed, and ends by itself", async () => {
  const { code, out, errors } = await run("fixture");
  expect(steady(out)).toBe(await readFile(join(example, "expected.txt"), "utf8"));
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  const report = await readFile(reportOf(out), "utf8");
  expect(report).toContain("| latin1.txt | not UTF-8 text |");
  const index = JSON.parse(await readFile(join(dirname(reportOf(out)), "index.json"), "utf8")) as object;
  expect(index).toMatchObject({
    totals: { lines: 19 },
    failed: [{ path: "latin1.txt" }, { path: "pixel.png" }],
  });
  await rm(dirname(reportOf(out)), { recursive: true });
});

test("runs tasks again that find all readers busy", async () => {
  const folder = join(copies, "many");
  await mkdir(folder);
  await Promise.all(
    Array.from({ length: 300 }, (_, index) => cp(join(example, "tasks.ts"), join(folder, `${index}.txt`))),
  );
  const { code, out } = await run(folder);
  expect(code).toBe(0);
  expect(out).toMatch(/files indexed\s+│ 300 /);
  expect(Number(/^(\d+) times/m.exec(out)?.[1])).toBeGreaterThan(0);
  await rm(dirname(reportOf(out)), { recursive: true });
});

const redisUrl = process.env["WFE_TEST_REDIS_URL"];
test.skipIf(redisUrl === undefined)("does the same on Redis (WFE_TEST_REDIS_URL)", async () => {
  const { code, out, errors } = await run("fixture", { WFE_REDIS_URL: redisUrl ?? "" });
  const expected = await readFile(join(example, "expected.txt"), "utf8");
  expect({ code, errors, out: steady(out) }).toEqual({
    code: 0,
    errors: "",
    out: expected.replace(/On Redis.*\n/, ""),
  });
  await rm(dirname(reportOf(out)), { recursive: true });
});

test("the progress display leaves no timer, even when the job fails", () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
  const before = timers();
  const progress = watchProgress("indexFile", 1);
  expect(timers()).toBe(before + 1);
  progress[Symbol.dispose]();
  expect(timers()).toBe(before);
});

test("a folder without files makes an empty report", async () => {
  const folder = join(copies, "empty");
  await mkdir(folder);
  const { code, out } = await run(folder);
  expect({ code, out: steady(out) }).toMatchObject({ code: 0, out: expect.stringContaining("0 files in") });
  await rm(dirname(reportOf(out)), { recursive: true });
});

test.each([
  ["no-such-folder", "first-job: there is no folder "],
  ["main.ts", "is not a folder"],
])("says in one line what is wrong with %s", async (folder, message) => {
  const { code, out, errors } = await run(folder);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(errors).toContain(message);
  expect(errors.trim().split("\n")).toHaveLength(1);
});

test("a file that vanished is an answer, not an exception", async () => {
  const entry = await tasks.indexFile.run(fixture, "vanished.txt");
  expect(entry).toMatchObject({
    kind: "failed",
    path: "vanished.txt",
    reason: expect.stringContaining("ENOENT"),
  });
});
