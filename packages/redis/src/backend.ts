import {
  type Backend,
  type BackendFacts,
  type Group,
  type Member,
  type SaveOutcome,
  type SettleOutcome,
} from "@wfe/core";
import { decodeGroup, decodeState, encodeGroup, type Logger, toError } from "@wfe/core";
import { checkServer } from "./check.ts";
import { type RedisConnectOptions, sourceOf } from "./client.ts";
import { replyError } from "./errors.ts";
import { CREATE_GROUP, LOAD_GROUP, MARK_TRIGGERED, SETTLE } from "./groupScripts.ts";
import { ownBase } from "./keys.ts";
import { abortable, gate, openLink } from "./link.ts";
import { redisRecords } from "./records.ts";
import { saver } from "./saver.ts";
import { END_CHANNEL, EXPIRE } from "./stateScripts.ts";
import { subscriptions } from "./subscriptions.ts";
import { ttlMs } from "./ttl.ts";

export type RedisBackendOptions = RedisConnectOptions & {
  /**
   * Whether Go workers of machinery may settle members of the same groups. Default true, except in a cluster, where
   * a group and its members lie on different nodes. False saves the server a look at another member per settled one.
   */
  readonly goWorkers?: boolean | undefined;
  /** The largest encoded state, in UTF-8 bytes. Default 64 MiB. */
  readonly maxValueBytes?: number | undefined;
  /** Told at the start when the server may lose results or is too old. */
  readonly logger?: Logger | undefined;
};

const NAME = "redis backend";
/** machinery's one lock for all triggers. */
const TRIGGER_MUTEX = "TriggerChordMutex";
const MUTEX_PAUSE_MS = 25;

/** States and groups under the keys and in the JSON of machinery; every save is guarded by a script. */
export function redisBackend(options: RedisBackendOptions): Backend {
  const source = sourceOf(options, NAME);
  const { prefix } = source;
  const { enter, close } = gate(NAME);
  const link = openLink(source, "commands", NAME);
  checkServer(link, NAME, options.logger);
  const { isCluster } = link;
  const facts = factsFor(options.maxValueBytes ?? 64 * 2 ** 20);
  const ends = subscriptions(source, `${NAME}, subscriber`);
  const save = saver(link, { prefix, maxValueBytes: facts.maxValueBytes });
  const goWorkers = (options.goWorkers ?? true) && !isCluster ? "1" : "0";

  const countsKey = (groupId: string): string => `${ownBase(prefix, prefix + groupId, isCluster)}settled`;
  const groupKeys = (groupId: string): string[] => [prefix + groupId, countsKey(groupId)];

  const createGroup = async (group: Group): Promise<void> => {
    const args = [encodeGroup({ ...group, triggered: false }), ttlMs(group.expiresAt), group.size];
    await link.run(CREATE_GROUP, groupKeys(group.id), args);
  };

  const settle = async (members: readonly Member[]): Promise<SettleOutcome[]> => {
    const keys = members.flatMap(({ groupId }) => groupKeys(groupId));
    const args = members.flatMap(({ taskId, groupId }) => [taskId, groupId]);
    const answers = await link.run(SETTLE, keys, [goWorkers, prefix, TRIGGER_MUTEX, ...args]);
    return Promise.all(
      (answers as Answer[]).map((answer, index) => outcomeOf(answer, members[index] as Member)),
    );
  };

  const outcomeOf = async (answer: Answer, member: Member): Promise<SettleOutcome> => {
    const [remaining, first, triggered] = answer;
    if (remaining === -1) return { missing: true };
    if (remaining === -3) return { error: replyError(String(first), `counting ${member.taskId}`) };
    if (remaining >= 0) return { remaining, first: first === 1, triggered: triggered === 1 };
    await new Promise((resolve) => void setTimeout(resolve, MUTEX_PAUSE_MS));
    return (await settle([member]))[0] as SettleOutcome;
  };

  /** In a cluster each group is on a node of its own. */
  const settleAll = async (members: readonly Member[]): Promise<SettleOutcome[]> => {
    if (members.length === 0) return [];
    if (!isCluster) return await settle(members);
    const one = (member: Member): Promise<SettleOutcome[]> =>
      settle([member]).catch((error: unknown) => [{ error: toError(error) }]);
    return (await Promise.all(members.map(one))).flat();
  };

  const call = async <T>(
    work: () => Promise<T>,
    options: { readonly signal?: AbortSignal | undefined } | undefined,
  ): Promise<T> => {
    enter(options);
    return await abortable(work(), options, NAME);
  };

  const load = async (ids: readonly string[]): Promise<(string | null)[]> => {
    if (ids.length === 0) return [];
    if (!isCluster)
      return (await link.command(
        "mget",
        ids.map((id) => prefix + id),
      )) as (string | null)[];
    return (await Promise.all(ids.map((id) => link.command("get", [prefix + id])))) as (string | null)[];
  };

  return {
    name: "redis",
    facts,
    saveStates: (states, options) => call<readonly SaveOutcome[]>(() => save(states), options),
    loadStates: (ids, options) =>
      call(
        async () => (await load(ids)).map((json) => (json === null ? undefined : decodeState(json))),
        options,
      ),
    createGroups: (groups, options) =>
      call(async () => void (await Promise.all(groups.map(createGroup))), options),
    loadGroup: (id, options) =>
      call(async () => {
        const found = (await link.run(LOAD_GROUP, groupKeys(id), [])) as [string, number, number] | null;
        return found ? { ...decodeGroup(found[0]), settled: found[1], triggered: found[2] === 1 } : undefined;
      }, options),
    settleMembers: (members, options) => call<readonly SettleOutcome[]>(() => settleAll(members), options),
    markTriggered: (id, expiresAt, options) =>
      call(async () => void (await link.run(MARK_TRIGGERED, groupKeys(id), [ttlMs(expiresAt)])), options),
    expire: (ids, expiresAt, options) =>
      call(async () => {
        const ms = Math.max(0, Math.ceil(expiresAt - Date.now()));
        const keys = ids.map((id) => prefix + id);
        const batches = isCluster ? keys.map((key) => [key]) : slices(keys, facts.maxBatch);
        await Promise.all(batches.map((some) => link.run(EXPIRE, some, [Number.isFinite(ms) ? ms : ""])));
      }, options),
    remove: (ids, options) =>
      call(async () => {
        const keys = ids.flatMap(groupKeys);
        if (isCluster) await Promise.all(keys.map((key) => link.command("del", [key])));
        else if (keys.length > 0) await link.command("del", keys);
      }, options),
    watch: (id, wake) =>
      ends.subscribe(END_CHANNEL + prefix + id, (json) =>
        wake(json === undefined ? undefined : decodeState(json)),
      ),
    records: redisRecords({ link, prefix, call }),
    async [Symbol.asyncDispose]() {
      if (!close()) return;
      ends.close();
      link.close();
    },
  };
}

type Answer = readonly [number, ...(number | string)[]];

function factsFor(maxValueBytes: number): BackendFacts {
  return {
    volatile: false,
    expiryStepMs: 1,
    maxValueBytes,
    maxBatch: 1_000,
    guarded: true,
    repeatableRead: true,
  };
}

function slices<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
