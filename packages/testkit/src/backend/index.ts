import { type Case, registerSuite } from "../suite.ts";
import { batchCases } from "./batch.ts";
import { type BackendTest, openBackendTest } from "./context.ts";
import { expiryCases } from "./expiry.ts";
import type { BackendFactory, BackendSuiteOptions } from "./fixture.ts";
import { groupCases } from "./groups.ts";
import { lifeCases } from "./life.ts";
import { orderCases } from "./order.ts";
import { raceCases } from "./race.ts";
import { recordCases } from "./records.ts";
import { valueCases } from "./values.ts";
import { watchCases } from "./watch.ts";

/** Every promise of the Backend port. */
export const backendCases: readonly Case<BackendTest>[] = [
  ...batchCases,
  ...orderCases,
  ...raceCases,
  ...valueCases,
  ...expiryCases,
  ...groupCases,
  ...watchCases,
  ...recordCases,
  ...lifeCases,
];

/** Registers with vitest the conformance suite of a backend. `factory` is called once per test. */
export function testBackend(name: string, factory: BackendFactory, options: BackendSuiteOptions = {}): void {
  registerSuite(name, backendCases, () => openBackendTest(factory, options), options);
}
