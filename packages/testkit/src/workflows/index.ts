import { type Case, registerSuite } from "../suite.ts";
import { openWorkflowTest, type WorkflowTest } from "./context.ts";
import type { WorkflowFactory, WorkflowSuiteOptions } from "./fixture.ts";
import { badInputCases } from "./bad.ts";
import { brokenPartCases } from "./broken.ts";
import { callbackCases } from "./callbacks.ts";
import { copyCases } from "./copies.ts";
import { crashCases } from "./crashes.ts";
import { failureCases } from "./failures.ts";
import { machineryCases } from "./machinery.ts";
import { optionCases } from "./options.ts";
import { resultCases } from "./results.ts";
import { retryCases } from "./retries.ts";
import { groupCases, nestingCases } from "./shapes.ts";
import { stopCases } from "./stop.ts";
import { valueCases } from "./values.ts";

/** What a server and its workers promise, whatever the adapters under them. */
export const workflowCases: readonly Case<WorkflowTest>[] = [
  ...machineryCases,
  ...groupCases,
  ...nestingCases,
  ...callbackCases,
  ...failureCases,
  ...retryCases,
  ...badInputCases,
  ...brokenPartCases,
  ...optionCases,
  ...valueCases,
  ...resultCases,
  ...copyCases,
  ...crashCases,
  ...stopCases,
];

/** Registers with vitest the suite of workflows over a pair of adapters. `factory` is called once per test. */
export function testWorkflows(
  name: string,
  factory: WorkflowFactory,
  options: WorkflowSuiteOptions = {},
): void {
  registerSuite(name, workflowCases, () => openWorkflowTest(factory, options), options);
}
