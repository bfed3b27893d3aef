import { writeFileSync } from "node:fs";
import { Session, type Profiler } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs `body` under V8's sampling profiler and writes what it saw to `file` (open it in Chrome's or VS Code's tools). */
export async function profiled<T>(file: string, body: () => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  const answer = await body();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  writeFileSync(file, JSON.stringify(profile));
  return answer;
}

export interface Share {
  readonly name: string;
  /** Of all samples, 0 to 100. */
  readonly percent: number;
}

/** Self time by function (`name file:line`), the hottest first. */
export function hottestFunctions(profile: Profiler.Profile, most: number): readonly Share[] {
  return shares(profile, most, ({ functionName, url, lineNumber }) =>
    url === "" ? functionName : `${functionName || "(anonymous)"} ${nameOf(url)}:${lineNumber + 1}`,
  );
}

/** Self time by file. */
export function hottestFiles(profile: Profiler.Profile, most: number): readonly Share[] {
  return shares(profile, most, ({ functionName, url }) =>
    url === "" ? functionName || "(native)" : nameOf(url),
  );
}

function shares(
  profile: Profiler.Profile,
  most: number,
  nameIt: (frame: Profiler.ProfileNode["callFrame"]) => string,
): readonly Share[] {
  const hits = new Map<string, number>();
  let total = 0;
  for (const { callFrame, hitCount = 0 } of profile.nodes) {
    const name = nameIt(callFrame);
    hits.set(name, (hits.get(name) ?? 0) + hitCount);
    total += hitCount;
  }
  return [...hits]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, count]) => ({ name, percent: (100 * count) / total }));
}

function nameOf(url: string): string {
  return url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url;
}
