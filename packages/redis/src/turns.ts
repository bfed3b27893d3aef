import { WfeError } from "@wfe/core";
import { delayedTrailer } from "./element.ts";
import type { QueueKeys } from "./keys.ts";
import type { Lease } from "./lease.ts";
import type { Argument, Link } from "./link.ts";
import { RELEASE, RETIRE, TURN } from "./scripts.ts";
import type { Acks } from "./settlements.ts";

/** What the blocked fetch brought, until a turn has entered it under its field. */
export interface Brought {
  readonly field: string;
  readonly bytes: Buffer;
}

/** One turn of a consumer: it can be repeated as it is, until its answer is known. */
export interface Turn {
  readonly want: number;
  readonly acks: Acks | undefined;
  readonly brought: Brought | undefined;
  readonly args: readonly Argument[];
}

export function newTurn(lease: Lease, { want, acks, brought }: Omit<Turn, "args">): Turn {
  lease.turn += 1;
  const entering = [brought?.field ?? "", brought?.bytes ?? ""];
  const args = [String(lease.turn), lease.nextSeq, want, ...entering, ...(acks?.fields ?? [])];
  return { want, acks, brought, args };
}

export interface TurnAnswer {
  /** False: the server does not know this consumer; nothing was done. */
  readonly isKnown: boolean;
  /** A list that could not be read. What was acked was settled all the same. */
  readonly error?: WfeError;
  readonly taken: readonly Taken[];
}

export interface Taken {
  readonly element: string;
  readonly field: string;
}

export async function takeTurn(link: Link, keys: QueueKeys, lease: Lease, turn: Turn): Promise<TurnAnswer> {
  const answer = (await link.run(TURN, [lease.held, lease.woken, ...keys.lists], turn.args)) as (
    | number
    | string
  )[];
  if (answer[0] === 0) return { isKnown: false, taken: [] };
  if (answer[0] === 1) return { isKnown: true, taken: readTaken(answer, keys, lease) };
  const error = new WfeError("WFE_MALFORMED", `redis: queue ${keys.list}: ${answer[1]}`, { retryable: true });
  return { isKnown: true, error, taken: [] };
}

function readTaken(answer: readonly (number | string)[], keys: QueueKeys, lease: Lease): Taken[] {
  const taken: Taken[] = [];
  const sources = keys.lists.length + 1; // the woken list, then the queue's own
  let at = sources + 1;
  for (let source = 1; source <= sources; source++) {
    const list = keys.lists[source - 2];
    const level = list && list !== keys.list ? `:${list.slice(keys.levelBase.length)}` : "";
    for (let left = Number(answer[source]); left > 0; left--) {
      taken.push({ element: String(answer[at++]), field: `${lease.nextSeq++}${level}` });
    }
  }
  return taken;
}

export interface GoBack {
  readonly mark: "marked" | "new";
  readonly delayMs: number;
  /** For how long the woken list must refuse a late fetch; undefined: it stays as it is. */
  readonly refuseMs?: number;
}

/** Gives back these entries, oldest first. */
export async function giveBack(
  link: Link,
  keys: QueueKeys,
  lease: Lease,
  { fields, mark, delayMs, refuseMs }: GoBack & { readonly fields: readonly string[] },
): Promise<void> {
  const inOrder = fields.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const trailer = delayMs > 0 ? delayedTrailer(keys.list, "-") : "";
  const how = [keys.levelBase, mark, Math.ceil(delayMs), trailer, keys.wake];
  const to = [lease.held, lease.woken, keys.list, keys.delayed];
  let end = inOrder.length;
  // The newest first: what goes to the head of the queue last will be taken first.
  do {
    const slice = inOrder.slice(Math.max(0, end - MOST_PER_STEP), end);
    await link.run(RELEASE, to, [...how, end === inOrder.length ? (refuseMs ?? "") : "", ...slice]);
    end -= slice.length;
  } while (end > 0);
}

/** Redis takes some 8,000 arguments in a call of a script. */
const MOST_PER_STEP = 1_000;

/** Gives back everything, and forgets the consumer. */
export async function retire(link: Link, keys: QueueKeys, lease: Lease, refuseMs: number): Promise<void> {
  const args = [lease.id, keys.levelBase, "leave", refuseMs];
  await link.run(RETIRE, [keys.consumers, lease.held, lease.woken, keys.list], args);
}
