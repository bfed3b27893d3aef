/**
 * Everything that @wfe rejects with. One class, one literal code per cause, so that a program can
 * branch on `error.code` and a person can look the code up in `docs/errors.md`.
 */
export type WfeErrorCode =
  | "WFE_INVALID_OPTION" // an option or a config value is wrong; nothing was started
  | "WFE_INVALID_VALUE" // a value cannot be carried without loss; names its path
  | "WFE_INVALID_WORKFLOW" // a workflow cannot be compiled (unknown node, missing argument)
  | "WFE_DUPLICATE_TASK" // a task name was registered twice
  | "WFE_MALFORMED" // bytes that are no message, or a message with wrong types
  | "WFE_TOO_LARGE" // a message or a value exceeds what the adapter can carry
  | "WFE_UNSUPPORTED" // this adapter cannot do it, and its facts say so
  | "WFE_UNAVAILABLE" // the server behind an adapter does not answer (may be repeated)
  | "WFE_PUBLISH_FAILED" // some messages were not accepted (see PublishError.failures)
  | "WFE_TASK_FAILED" // the task ended in FAILURE (see TaskError)
  | "WFE_REVOKED" // the task was revoked
  | "WFE_RESULT_NOT_FOUND" // no state under this id: never sent, or expired
  | "WFE_TIMEOUT" // a wait ran out of time; what was waited for goes on
  | "WFE_ABORTED" // the caller's signal aborted the wait
  | "WFE_LEASE_LOST" // the delivery or lock belongs to somebody else now
  | "WFE_NO_TASK" // currentTask() was called outside of a task
  | "WFE_CLOSED"; // the server, worker or adapter was closed

export interface WfeErrorOptions {
  readonly cause?: unknown;
  /** True where repeating the same call later may succeed. Default: only for `WFE_UNAVAILABLE`. */
  readonly retryable?: boolean;
}

/** The only error class that crosses the API, besides what a task itself throws inside its own process. */
export class WfeError extends Error {
  override readonly name: string = "WfeError";
  readonly code: WfeErrorCode;
  readonly retryable: boolean;

  constructor(code: WfeErrorCode, message: string, options: WfeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? code === "WFE_UNAVAILABLE";
  }
}

/** Rejection of `Broker.publish`: which messages (by index) were not accepted, and why. The others were. */
export class PublishError extends WfeError {
  override readonly name: string = "PublishError";
  readonly failures: ReadonlyMap<number, Error>;

  constructor(failures: ReadonlyMap<number, Error>, total: number) {
    const first = failures.entries().next().value;
    super(
      "WFE_PUBLISH_FAILED",
      `${failures.size} of ${total} messages were not accepted; first: #${first?.[0]}: ${first?.[1].message}`,
      { cause: first?.[1], retryable: [...failures.values()].every(isRetryable) },
    );
    this.failures = failures;
  }
}

/** What `result.get()` rejects with when the task failed for good. */
export class TaskError extends WfeError {
  override readonly name: string = "TaskError";
  readonly taskId: string;
  readonly taskName: string;

  constructor(taskId: string, taskName: string, text: string) {
    super("WFE_TASK_FAILED", text);
    this.taskId = taskId;
    this.taskName = taskName;
  }
}

/** May the same call succeed later? */
export function isRetryable(error: unknown): boolean {
  return error instanceof WfeError && error.retryable;
}

/** What an adapter rejected with. What is no `WfeError` counts as a passing fault of its client library. */
export function adapterError(adapter: string, thrown: unknown): WfeError {
  if (thrown instanceof WfeError) return thrown;
  return new WfeError("WFE_UNAVAILABLE", `${adapter}: ${errorText(thrown)}`, { cause: thrown });
}

/** The text of anything that was thrown; never throws itself. */
export function errorText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message || thrown.name;
    return typeof thrown === "string" ? thrown : `thrown: ${JSON.stringify(thrown) ?? String(thrown)}`;
  } catch {
    return "thrown: a value that cannot be printed";
  }
}

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(errorText(thrown), { cause: thrown });
}
