import { uniqueName } from "@wfe/testkit";
import { expect, it } from "vitest";
import type { PrivateServer } from "../../../tooling/services/private.ts";
import { startPrivate } from "../../../tooling/services/private.ts";
import { redisSentinel } from "../../../tooling/services/redis-sentinel.ts";
import { redisBackend, redisBroker } from "../src/index.ts";
import { cluster, type Deployment, describeWithRedis, sentinel, wires } from "./deployments.ts";
import { bodies, consumeAll } from "./load.ts";
import { masterOf, replicatedCluster } from "./replicated-cluster.ts";

const SHORT = { visibilityTimeoutMs: 2_000, commandTimeoutMs: 1_000, delayedPollMs: 100 };

/**
 * Messages flow while the master dies and a replica takes over. Replication is asynchronous: what was accepted in the
 * last moments before may be gone with it, as the README says, so what must arrive is all that was accepted once the
 * replica had it, and all that was accepted after.
 */
async function survivesLoss(deployment: Deployment, lose: (queue: string) => Promise<void>): Promise<void> {
  const queue = uniqueName("q");
  const client = (): { client: ReturnType<typeof wires>["client"] } => ({ client: wires(deployment).client });
  await using consuming = redisBroker({ ...client(), ...SHORT });
  await using publishing = redisBroker({ ...client(), ...SHORT });
  await using backend = redisBackend({ ...client(), commandTimeoutMs: 1_000 });
  const load = consumeAll([consuming, publishing], publishing, queue, 5);
  const before = bodies(50, "before");
  for (const body of before) await load.publish(body);
  await load.done(before);
  await lose(queue);
  const after = bodies(50, "after");
  for (const body of after) await load.publish(body);
  await load.done(after, 30_000);
  expect(load.errors.length).toBeGreaterThan(0);
  const { waiting, running } = await publishing.inspect(queue);
  expect({ waiting, running }).toEqual({ waiting: 0, running: 0 });
  expect(await backend.loadStates([queue])).toEqual([undefined]);
}

describeWithRedis("a master that dies", () => {
  it("is replaced by its replica, through sentinels", { timeout: 90_000 }, async () => {
    await using servers: PrivateServer = await startPrivate(redisSentinel);
    const { WFE_TEST_REDIS_SENTINELS, WFE_TEST_REDIS_SENTINEL_NAME } = servers.environment;
    const deployment = sentinel(WFE_TEST_REDIS_SENTINELS, WFE_TEST_REDIS_SENTINEL_NAME);
    await survivesLoss(deployment, () => servers.kill("master"));
  });

  it("is replaced by its replica, in a cluster", { timeout: 90_000 }, async () => {
    await using servers: PrivateServer = await startPrivate(replicatedCluster);
    const { WFE_TEST_REDIS_CLUSTER = "" } = servers.environment;
    await survivesLoss(cluster(WFE_TEST_REDIS_CLUSTER), async (queue) =>
      servers.kill(await masterOf(queue, WFE_TEST_REDIS_CLUSTER)),
    );
  });
});
