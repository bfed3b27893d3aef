import type { TypedValue } from "./backend.ts";

/**
 * A call: a signature that was given an id and its place in a workflow. It is what a message's body holds, and
 * has the fields of machinery's Signature (see wire.ts for the JSON, which keeps `null` and `[]` apart).
 */
export interface Call {
  readonly id: string;
  readonly name: string;
  /** RoutingKey: the queue. "" means the default queue of whoever sends it. */
  readonly queue: string;
  /** ETA as RFC 3339 text, not before which the task must not start. Kept as text: Go writes nanoseconds. */
  readonly eta: string | null;
  readonly groupId: string;
  readonly groupSize: number;
  readonly args: readonly Argument[] | null;
  readonly headers: Headers | null;
  readonly priority: number;
  /** Go's meaning: this task passes no results to its onSuccess; as a chord's callback it takes none. */
  readonly immutable: boolean;
  /** Retries left. */
  readonly retryCount: number;
  /** The last delay used, in whole seconds. */
  readonly retryTimeoutS: number;
  readonly onSuccess: readonly Call[] | null;
  readonly onError: readonly Call[] | null;
  readonly chordCallback: Call | null;
  /** BrokerMessageGroupId. */
  readonly orderingKey: string;
  /** SQSReceiptHandle: filled by Go's SQS consumer, of no use to us, carried along. */
  readonly receiptHandle: string;
  /** StopTaskDeletionOnError: a failed call is kept as a dead letter. */
  readonly keepOnError: boolean;
  readonly ignoreWhenNotRegistered: boolean;
}

export interface Argument extends TypedValue {
  /** For people; workers never look at it. */
  readonly name: string;
}

/** Strings under `wfe-…` are ours (see headers.ts); everything else is the application's or a tracer's. */
export type Headers = Readonly<Record<string, unknown>>;
