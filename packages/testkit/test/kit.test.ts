import { describe, expect, it } from "vitest";
import {
  backendCases,
  type BrokerFactory,
  brokerCases,
  type Case,
  lockCases,
  type Opened,
  rejection,
  runCase,
  openBackendTest,
  openBrokerTest,
  openLockTest,
} from "@wfe/testkit";
import { backendWith, type Broken, brokerWith, lockWith } from "./adapters.ts";
import { brokenBackends } from "./broken-backends.ts";
import { brokenBrokers } from "./broken-brokers.ts";
import { brokenDelivery } from "./broken-delivery.ts";
import { brokenGroups } from "./broken-groups.ts";
import { brokenLocks } from "./broken-locks.ts";
import { brokenPublishing } from "./broken-publishing.ts";
import { brokenSettling } from "./broken-settling.ts";

/** Short, so that a case that fails by waiting does so soon; long enough for what is correct. */
const options = { timeoutMs: 500, leaseMs: 100, backlog: 200, ttlMs: 200, seed: 7 };

/** A suite must be able to fail: each case passes on a correct adapter and fails on one with the defect. */
function catches<Adapter, Context>(
  cases: readonly Case<Context>[],
  broken: readonly Broken<Adapter>[],
  open: (breaking: Broken<Adapter>["breaking"]) => () => Promise<Opened<Context>>,
): void {
  const all = broken.flatMap(({ caughtBy, ...one }) => caughtBy.map((title) => ({ ...one, title })));
  it.each(all)("an adapter that $defect fails: $title", { timeout: 30_000 }, async ({ title, breaking }) => {
    const found = cases.find((one) => one.title === title);
    if (!found) throw new Error(`no case has this title: ${title}`);
    const correct = open((adapter) => adapter);
    expect(await runCase(found, correct), "the correct adapter").toBeUndefined();
    expect(await rejection(runCase(found, open(breaking)))).toBeInstanceOf(Error);
  });
}

describe.concurrent("testBroker", () => {
  catches(
    brokerCases,
    [...brokenBrokers, ...brokenPublishing, ...brokenSettling, ...brokenDelivery],
    (breaking) => () => openBrokerTest(brokerWith(breaking), options),
  );
});

describe.concurrent("testBackend", () => {
  catches(
    backendCases,
    [...brokenBackends, ...brokenGroups],
    (breaking) => () => openBackendTest(backendWith(breaking), options),
  );
});

describe.concurrent("testLock", () => {
  catches(lockCases, brokenLocks, (breaking) => () => openLockTest(lockWith(breaking), options));
});

it("a consumer that ends when its connection is cut fails, where the fixture can cut it", async () => {
  const correct = brokerWith((broker) => broker);
  const cutting: BrokerFactory = async (namespace) => ({
    ...(await correct(namespace)),
    interrupt: (broker) => broker[Symbol.asyncDispose](),
  });
  const cases = brokerCases.filter((one) => one.title.includes("(D-20") || one.title.includes("(D-21)"));
  expect(cases).toHaveLength(2);
  for (const one of cases) {
    expect(await runCase(one, () => openBrokerTest(correct, options))).toBe("the fixture has no interrupt()");
    expect(await rejection(runCase(one, () => openBrokerTest(cutting, options)))).toBeInstanceOf(Error);
  }
});
