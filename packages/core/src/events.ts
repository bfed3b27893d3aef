import { channel } from "node:diagnostics_channel";

/** What is told on `node:diagnostics_channel`, under `wfe:<name>`. Costs nothing while nobody listens. */
export type TaskEventName = "published" | "started" | "succeeded" | "failed" | "retried" | "dead-lettered";

export interface TaskEvent {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly attempt: number;
  /** Of failed, retried and dead-lettered: why. */
  readonly error?: string;
  /** Of succeeded, failed and retried: how long the run took. */
  readonly durationMs?: number;
}

const channels = {
  published: channel("wfe:published"),
  started: channel("wfe:started"),
  succeeded: channel("wfe:succeeded"),
  failed: channel("wfe:failed"),
  retried: channel("wfe:retried"),
  "dead-lettered": channel("wfe:dead-lettered"),
} satisfies Record<TaskEventName, unknown>;

/** Tells the subscribers of `name`, if there are any. Their errors go to `uncaughtException`, as Node defines. */
export function emit(name: TaskEventName, event: () => TaskEvent): void {
  const subscribers = channels[name];
  if (subscribers.hasSubscribers) subscribers.publish(event());
}
