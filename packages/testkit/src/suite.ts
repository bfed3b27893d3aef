import { describe, expect, it } from "vitest";

/** One promise of a port, as data: a suite registers it with vitest, a test of the kit runs it directly. */
export interface Case<Context> {
  readonly title: string;
  /** What the adapter lacks for this case, if anything: the case is then reported as skipped, with this reason. */
  readonly needs?: (context: Context) => string | undefined;
  run(context: Context): Promise<void>;
}

export interface SuiteOptions {
  /** Cases that this adapter cannot pass, by title, each with the reason. A title that names no case fails. */
  readonly skip?: Readonly<Record<string, string>> | undefined;
  /** How long any single step may take on this vendor. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** How long one test may take. Default 60,000. */
  readonly testTimeoutMs?: number | undefined;
}

/** What a case runs in, and how to end that. */
export interface Opened<Context> {
  readonly context: Context;
  close(): Promise<void>;
}

/** Runs one case in a context of its own. Resolves with the reason where it does not apply; rejects where it fails. */
export async function runCase<Context>(
  { needs, run }: Case<Context>,
  open: () => Promise<Opened<Context>>,
): Promise<string | undefined> {
  const { context, close } = await open();
  let missing: string | undefined;
  try {
    missing = needs?.(context);
    if (missing === undefined) await run(context);
  } catch (error) {
    await close().catch(() => undefined); // what failed first is what to tell
    throw error;
  }
  await close();
  return missing;
}

export function registerSuite<Context>(
  name: string,
  cases: readonly Case<Context>[],
  open: () => Promise<Opened<Context>>,
  options: SuiteOptions,
): void {
  const { skip = {}, testTimeoutMs = 60_000 } = options;
  describe(name, () => {
    it("skips only cases that exist, each with a reason", () => expect(badSkips(cases, skip)).toEqual([]));
    for (const one of cases) {
      it(one.title, { timeout: testTimeoutMs }, async (test) => {
        const reason = skip[one.title] ?? (await runCase(one, open));
        if (reason !== undefined) test.skip(reason);
      });
    }
  });
}

/** The skips that name no case, or no reason. */
export function badSkips(
  cases: readonly { readonly title: string }[],
  skip: Readonly<Record<string, string>>,
): string[] {
  const titles = new Set(cases.map((one) => one.title));
  return Object.entries(skip)
    .filter(([title, reason]) => !titles.has(title) || reason.trim() === "")
    .map(([title]) => title);
}
