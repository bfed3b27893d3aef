import type { Group } from "./backend.ts";
import type { Argument, Call } from "./call.ts";
import { WfeError } from "./errors.ts";
import { OURS, isImmutable } from "./headers.ts";
import { backoffHeader } from "./retry.ts";
import type { Signature, SignatureOptions } from "./signature.ts";
import type { Chord, Workflow, Group as GroupNode } from "./workflow.ts";
import { msToEta } from "./instant.ts";

/**
 * Every workflow compiles to heads and a tail: the calls to publish first, and the one whose end is the end of
 * the whole. The tail has the id of the workflow, the others have that id and their place in the tree, so that
 * the same workflow can be sent twice and any step can be repeated under the same ids:
 *
 *     chain at p: links at p.0, p.1, …; the last one has the id of the chain
 *     group at p: members p.0, p.1, …; where something must join them, members p.g.0, … and a built-in task
 *     chord at p: the group at p.g, the callback at p.c; it has the id of the chord
 *
 * So a node has a place, under which its parts are, and an id, which its tail gets: of two chords in one tail
 * both have the id of the whole, but each has a place of its own.
 */
export interface Compiled {
  readonly heads: readonly Call[];
  /** Every group in the tree. All of them are stored before anything is published. */
  readonly groups: readonly Group[];
  /** Every call in the tree, heads first or last alike: what gets a PENDING state. */
  readonly calls: readonly Call[];
}

export interface CompileContext {
  readonly rootId: string;
  readonly now: number;
  readonly groupExpiresAt: number;
  /** Where some part starts so late that the usual expiry would be too early: until when all states must be kept. */
  readonly keepUntil?: number | undefined;
}

/** The built-in task that joins a group where no single callback can take its results. */
export const JOIN_TASK = "wfe.join";

/** What comes after a node. */
interface Next {
  readonly onSuccess: readonly Call[];
  /** The group that the node is a member of. */
  readonly member?: Membership | undefined;
}
interface Membership {
  readonly groupId: string;
  readonly groupSize: number;
  readonly callback: Call | null;
}

const NOTHING: Next = { onSuccess: [] };

/** Where a node stands: its parts are under `place`, its tail has `id`. */
interface Spot {
  readonly place: string;
  readonly id: string;
}

function spotOf(place: string): Spot {
  return { place, id: place };
}

/** Turns a workflow into calls. Pure: ids come from `rootId`, times from `now`. */
export function compile(node: Workflow, context: CompileContext): Compiled {
  const build = new Build(context);
  const heads =
    node.kind === "group"
      ? build.members(node, context.rootId, null)
      : build.node(node, spotOf(context.rootId), NOTHING);
  return { heads, groups: build.groups, calls: build.calls };
}

/** The id of a group whose member ids follow from it. */
export function groupIdOf(place: string): string {
  return `group_${place}`;
}

/** The id of the i-th member of a group that lists none. */
export function memberId(groupId: string, index: number): string {
  return `${groupId.slice("group_".length)}.${index}`;
}

/** Groups up to this size list their members, as Go needs it. */
const LISTED_MEMBERS = 1000;

class Build {
  readonly groups: Group[] = [];
  readonly calls: Call[] = [];
  readonly #context: CompileContext;

  constructor(context: CompileContext) {
    this.#context = context;
  }

  /** The heads of a node, which is followed by `next`. */
  node(node: Workflow, spot: Spot, next: Next): readonly Call[] {
    switch (node.kind) {
      case "task":
        return [this.#call(node, spot.id, next)];
      case "chain":
        return this.#chain(node.links, spot, next);
      case "group":
        return this.#group(node, spot, next);
      case "chord":
        return this.#chord(node, spot, next);
    }
  }

  #chain(links: readonly Workflow[], { place, id }: Spot, next: Next): readonly Call[] {
    const last = links.length - 1;
    let heads = this.node(links[last] as Workflow, { place: `${place}.${last}`, id }, next);
    for (let index = last - 1; index >= 0; index -= 1) {
      heads = this.node(links[index] as Workflow, spotOf(`${place}.${index}`), { onSuccess: heads });
    }
    return heads;
  }

  #chord(node: Chord, { place, id }: Spot, next: Next): readonly Call[] {
    const heads = this.node(node.callback, { place: `${place}.c`, id }, next);
    return this.members(node.group, `${place}.g`, this.#single(heads, `${place}.j`));
  }

  /** A group that something follows: a chord with what follows, or with a join. */
  #group(node: GroupNode, { place, id }: Spot, next: Next): readonly Call[] {
    const [only, ...more] = next.onSuccess;
    if (only && more.length === 0 && !next.member) return this.members(node, place, only);
    return this.members(node, `${place}.g`, this.#join(id, next));
  }

  /** The members as heads, each of which belongs to the group and carries its callback. */
  members(node: GroupNode, place: string, callback: Call | null): readonly Call[] {
    const groupSize = node.members.length;
    if (groupSize === 0) return callback ? [withoutMembers(callback)] : [];
    const groupId = groupIdOf(place);
    this.#addGroup(groupId, groupSize);
    const member = { groupId, groupSize, callback: callback && asCallback(callback) };
    return node.members.flatMap((one, index) =>
      this.node(one, spotOf(memberId(groupId, index)), { onSuccess: [], member }),
    );
  }

  #addGroup(id: string, size: number): void {
    const listed = size <= LISTED_MEMBERS;
    this.groups.push({
      id,
      size,
      memberIds: listed ? Array.from({ length: size }, (_, index) => memberId(id, index)) : undefined,
      createdAt: this.#context.now,
      expiresAt: this.#context.groupExpiresAt,
    });
  }

  /** One call that starts all heads. */
  #single(heads: readonly Call[], place: string): Call {
    return heads.length === 1 ? (heads[0] as Call) : this.#join(place, { onSuccess: heads });
  }

  #join(id: string, next: Next): Call {
    const spread = next.onSuccess.length > 0;
    return this.#emptyCall(JOIN_TASK, id, spread ? undefined : { [OURS.collect]: "1" }, next);
  }

  #emptyCall(name: string, id: string, headers: Record<string, string> | undefined, next: Next): Call {
    const call: Call = {
      ...BLANK,
      id,
      name,
      headers: { ...this.#commonHeaders(), ...headers },
      onSuccess: next.onSuccess.length > 0 ? next.onSuccess : null,
      ...membership(next.member),
    };
    this.calls.push(call);
    return call;
  }

  #call(signature: Signature, id: string, next: Next): Call {
    const { name, args, options } = signature;
    this.#checkId(signature, id);
    const onSuccess = [...this.#callbacks(options.onSuccess, `${id}.s`), ...next.onSuccess];
    const count = this.calls.length;
    const onError = this.#callbacks(options.onError, `${id}.e`);
    this.calls.length = count; // an error callback that is never needed must not wait as PENDING
    const call: Call = {
      id,
      name,
      queue: options.queue ?? "",
      eta: eta(options, this.#context.now),
      ...membership(next.member),
      args: args.length > 0 ? args : null,
      headers: this.#headers(options),
      priority: options.priority ?? 0,
      immutable: passesNothing(options, onSuccess),
      retryCount: options.retries ?? 0,
      retryTimeoutS: options.retryTimeoutS ?? 0,
      onSuccess: onSuccess.length > 0 ? onSuccess : null,
      onError: onError.length > 0 ? onError : null,
      orderingKey: options.orderingKey ?? "",
      receiptHandle: "",
      keepOnError: options.keepOnError ?? false,
      ignoreWhenNotRegistered: options.ignoreWhenNotRegistered ?? false,
    };
    this.calls.push(call);
    return call;
  }

  /** Ids of parts follow from the id of the whole: that is what makes every step repeatable. */
  #checkId({ name, options }: Signature, id: string): void {
    if (options.id === undefined || options.id === id) return;
    const text = `${name} is a part of a workflow and cannot have the id ${options.id} of its own; give send() an id`;
    throw new WfeError("WFE_INVALID_WORKFLOW", text);
  }

  #callbacks(signatures: readonly Signature[] | undefined, place: string): readonly Call[] {
    if (!signatures) return [];
    return signatures.map((signature, index) => this.#call(signature, `${place}${index}`, NOTHING));
  }

  #commonHeaders(): Record<string, string> {
    const { now, keepUntil } = this.#context;
    const sent = { [OURS.sent]: String(now) };
    return keepUntil === undefined ? sent : { ...sent, [OURS.until]: String(keepUntil) };
  }

  #headers(options: SignatureOptions): Record<string, unknown> {
    const headers: Record<string, unknown> = { ...options.headers, ...this.#commonHeaders() };
    if (options.immutable) headers[OURS.immutable] = "1";
    if (options.collect) headers[OURS.collect] = "1";
    if (options.untyped) headers[OURS.untyped] = "1";
    if (options.delayMs) headers[OURS.delay] = String(options.delayMs);
    if (options.timeoutMs) headers[OURS.timeout] = String(options.timeoutMs);
    const backoff = backoffHeader(options.backoff);
    if (backoff) headers[OURS.backoff] = backoff;
    return headers;
  }
}

const BLANK: Omit<Call, "id" | "name"> = {
  queue: "",
  eta: null,
  groupId: "",
  groupSize: 0,
  args: null,
  headers: null,
  priority: 0,
  immutable: false,
  retryCount: 0,
  retryTimeoutS: 0,
  onSuccess: null,
  onError: null,
  chordCallback: null,
  orderingKey: "",
  receiptHandle: "",
  keepOnError: false,
  ignoreWhenNotRegistered: false,
};

const NO_GROUP = { groupId: "", groupSize: 0, chordCallback: null };

function membership(member: Membership | undefined): Pick<Call, "groupId" | "groupSize" | "chordCallback"> {
  if (!member) return NO_GROUP;
  return { groupId: member.groupId, groupSize: member.groupSize, chordCallback: member.callback };
}

/**
 * Go's flag is on the call that passes results on, ours on the one that takes none. It can be set for Go only
 * where both say the same.
 */
function passesNothing(options: SignatureOptions, onSuccess: readonly Call[]): boolean {
  return onSuccess.length > 0 ? onSuccess.every(isImmutable) : (options.immutable ?? false);
}

/** Of a chord's callback, Go reads the flag as: takes nothing. So what takes results must not have it. */
function asCallback(call: Call): Call {
  return call.immutable && !isImmutable(call) ? { ...call, immutable: false } : call;
}

/** An empty group is already done: its callback takes the results of nobody. */
function withoutMembers(callback: Call): Call {
  const collects = callback.headers?.[OURS.collect] !== undefined && !isImmutable(callback);
  const none: Argument = { name: "", type: "json", value: [] };
  return {
    ...callback,
    headers: { ...callback.headers, [OURS.immutable]: "1" },
    args: collects ? [...(callback.args ?? []), none] : callback.args,
  };
}

function eta(options: SignatureOptions, now: number): string | null {
  const at = options.notBefore === undefined ? 0 : Number(options.notBefore);
  return at > now ? msToEta(at) : null;
}
