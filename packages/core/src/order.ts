import type { TaskState, TaskStatus } from "./backend.ts";

const RANKS: Record<TaskStatus, number> = {
  PENDING: 0,
  RECEIVED: 1,
  STARTED: 2,
  RETRY: 3,
  SUCCESS: 4,
  FAILURE: 4,
  REVOKED: 4,
};

/** The place of a status within one execution: PENDING 0 … final 4. */
export function rankOf(status: TaskStatus): number {
  return RANKS[status];
}

/** A final state never changes again. */
export function isFinal(status: TaskStatus): boolean {
  return RANKS[status] === 4;
}

type Ordered = Pick<TaskState, "attempt" | "start" | "beat" | "status">;

/** Does `next` win over what stands? The one rule behind every guarded save (see backend.ts, Order of states). */
export function supersedes(next: Ordered, standing: Ordered): boolean {
  if (isFinal(standing.status)) return false;
  if (next.status === "REVOKED") return true;
  const attempt = next.attempt ?? 0;
  const standingAttempt = standing.attempt ?? attempt;
  if (attempt !== standingAttempt) return attempt > standingAttempt;
  const start = next.start ?? 1;
  const standingStart = standing.start ?? (standing.status === "PENDING" ? 0 : 1);
  if (start !== standingStart) return start > standingStart;
  const rank = RANKS[next.status];
  const standingRank = RANKS[standing.status];
  if (rank !== standingRank) return rank > standingRank;
  return next.beat > standing.beat;
}
