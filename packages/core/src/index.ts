/**
 * @wfe/core: an asynchronous task queue over injected adapters.
 *
 * | word | meaning |
 * |---|---|
 * | task | a named function registered on a server |
 * | signature | frozen data that describes one call of a task: name, arguments, options, what follows it |
 * | workflow | a signature, chain, group or chord, nested as deep as you like |
 * | call | a signature that was given an id and its place in a workflow |
 * | message | what a broker carries: one encoded call |
 * | delivery | a message in the hands of a worker, until it is acked or released |
 * | task state | the stored record of one call: PENDING, RECEIVED, STARTED, RETRY, then SUCCESS, FAILURE or REVOKED |
 * | final | SUCCESS, FAILURE or REVOKED: never changes again |
 * | group | the stored record of which members a group has and which have settled |
 * | follow-ups | the messages that a finished task causes: callbacks, the next link, a chord's callback |
 * | lease | a lock, or a delivery, held until a moment, with an owner |
 * | dead letter | a message put aside with the reason: it can be listed, sent again, or dropped |
 *
 * @module
 */

// For applications
export { Server } from "./server.ts";
export type { Handle, NothingMissing, SendOptions, Sendable, ServerConfig } from "./server.ts";
export type { ErrorHook } from "./runtime.ts";
export type { StopOptions, Worker, WorkerOptions } from "./worker.ts";
export type { GroupResult, Result, WaitOptions } from "./result.ts";
export { chain, chord, group, results } from "./workflow.ts";
export type { Chain, Chord, Group as GroupNode, LinkError, Results, Workflow } from "./workflow.ts";
export type { Node, Signature, SignatureOptions, UntypedSignature } from "./signature.ts";
export { defineTask } from "./tasks.ts";
export type {
  Creators,
  Registrable,
  TaskCreator,
  TaskDefinition,
  TaskFunction,
  TaskOptions,
} from "./tasks.ts";
export { PermanentFailure, RetryLater, exponential, fibonacci } from "./retry.ts";
export type { Backoff } from "./retry.ts";
export { currentTask } from "./context.ts";
export type { TaskContext } from "./context.ts";
export type { Middleware } from "./middleware.ts";
export type { Logger } from "./logger.ts";
export type { TaskEvent, TaskEventName } from "./events.ts";
export type { DeadLetter, DeadLetters, DeadMatch, DeadOptions, DeadReason } from "./deadletter.ts";
export { PublishError, TaskError, WfeError, errorText, isRetryable, toError } from "./errors.ts";
export type { WfeErrorCode, WfeErrorOptions } from "./errors.ts";
export * from "./typed.ts";

// For authors of adapters and middleware
export type * from "./broker.ts";
export type * from "./backend.ts";
export type * from "./lock.ts";
export type { Argument, Call, Headers } from "./call.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { isFinal, rankOf, supersedes } from "./order.ts";
export { memberId } from "./compile.ts";
export { decodeCall, encodeCall } from "./wire.ts";
export { decodeGroup, decodeState, encodeGroup, encodeState } from "./stateWire.ts";
export type { GroupRecord } from "./stateWire.ts";
