import { type Case, registerSuite } from "../suite.ts";
import { exclusionCases } from "./exclusion.ts";
import { type LockFactory, type LockSuiteOptions, type LockTest, openLockTest } from "./fixture.ts";
import { leaseCases } from "./lease.ts";

/** Every promise of the Lock port. */
export const lockCases: readonly Case<LockTest>[] = [...exclusionCases, ...leaseCases];

/** Registers with vitest the conformance suite of a lock. `factory` is called once per test. */
export function testLock(name: string, factory: LockFactory, options: LockSuiteOptions = {}): void {
  registerSuite(name, lockCases, () => openLockTest(factory, options), options);
}
