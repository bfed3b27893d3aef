export { type BackendFactory, type BackendFixture, type BackendSuiteOptions } from "./backend/fixture.ts";
export { type BackendTest, openBackendTest } from "./backend/context.ts";
export { backendCases, testBackend } from "./backend/index.ts";
export {
  type BrokerFactory,
  type BrokerFixture,
  type BrokerSuiteOptions,
  type Namespace,
  ODD_QUEUE_NAMES,
} from "./broker/fixture.ts";
export { type BrokerTest, openBrokerTest } from "./broker/context.ts";
export { brokerCases, testBroker } from "./broker/index.ts";
export { eventually, type EventuallyOptions, rejection, within } from "./eventually.ts";
export {
  type LockFactory,
  type LockFixture,
  type LockSuiteOptions,
  type LockTest,
  openLockTest,
} from "./lock/fixture.ts";
export { lockCases, testLock } from "./lock/index.ts";
export { seededRandom, type SeededRandom, uniqueName } from "./random.ts";
export { type Case, type Opened, runCase, type SuiteOptions } from "./suite.ts";
export { collect, type CollectOptions, tap, type Tap, type TapOptions } from "./tap.ts";
export { openWorkflowTest, type WorkflowTest } from "./workflows/context.ts";
export {
  type Adapters,
  type TestClock,
  type WorkflowFactory,
  type WorkflowFixture,
  type WorkflowSuiteOptions,
} from "./workflows/fixture.ts";
export { testWorkflows, workflowCases } from "./workflows/index.ts";
