import type { Backend } from "@wfe/core";
import type { Namespace } from "../broker/fixture.ts";
import type { SuiteOptions } from "../suite.ts";

/** One test's backend and how to reach its server from elsewhere. */
export interface BackendFixture {
  readonly backend: Backend;
  /** Another connection to the same server and namespace. */
  another(): Backend | PromiseLike<Backend>;
  /** After every backend was closed: removes the namespace and closes what the factory opened itself. */
  cleanup(): void | PromiseLike<void>;
}

export type BackendFactory = (namespace: Namespace) => BackendFixture | PromiseLike<BackendFixture>;

export interface BackendSuiteOptions extends SuiteOptions {
  /** Members of the largest listed group. Default 1,000. */
  readonly manyMembers?: number | undefined;
}
