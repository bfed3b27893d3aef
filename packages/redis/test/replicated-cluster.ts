import { redisCluster } from "../../../tooling/services/redis-cluster.ts";
import { answersPing, redisCli, spawnRedis } from "../../../tooling/services/redis-process.ts";
import type { Place, Service } from "../../../tooling/services/service.ts";

const nodes = ["node-1", "node-2", "node-3", "node-4", "node-5", "node-6"];

/** Three masters with a replica each, so that a node can be lost and its replica promoted. */
export const replicatedCluster: Service = {
  ...redisCluster,
  name: "redisReplicatedCluster",
  async start(place, program) {
    const ports = await Promise.all(nodes.map((name) => spawnRedis(place, name, program, options(name))));
    return { WFE_TEST_REDIS_CLUSTER: ports.map((port) => `127.0.0.1:${port}`).join(",") };
  },
  async ready(place) {
    const ports = await Promise.all(nodes.map((name) => place.port(name)));
    await Promise.all(ports.map((port) => place.until("the node answers", () => answersPing(port))));
    const all = ports.map((port) => `127.0.0.1:${port}`);
    await redisCli(ports[0] ?? 0, "--cluster", "create", ...all, "--cluster-replicas", "1", "--cluster-yes");
    await Promise.all(ports.map((port) => untilWhole(place, port)));
  },
};

function options(name: string): readonly string[] {
  const timing = ["--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0"];
  return ["--cluster-enabled", "yes", "--cluster-config-file", `${name}.conf`, ...timing];
}

/** Each node sees all slots served, and each replica is in step with its master. */
function untilWhole(place: Place, port: number): Promise<void> {
  return place.until("the node sees the whole cluster", async () => {
    if (!(await redisCli(port, "cluster", "info")).includes("cluster_state:ok")) return false;
    const role = await redisCli(port, "info", "replication");
    return role.includes("role:slave")
      ? role.includes("master_link_status:up")
      : role.includes("connected_slaves:1");
  });
}

/** The name of the node that serves this key. */
export async function masterOf(key: string, addresses: string): Promise<string> {
  const ports = addresses.split(",").map((address) => Number(address.split(":")[1]));
  const slot = Number(await redisCli(ports[0] ?? 0, "cluster", "keyslot", key));
  const lines = (await redisCli(ports[0] ?? 0, "cluster", "nodes"))
    .split("\n")
    .filter((line) => line.includes("master"));
  const serves = (line: string): boolean =>
    line
      .split(" ")
      .slice(8)
      .some((range) => {
        const [from = 0, to = from] = range.split("-").map(Number);
        return slot >= from && slot <= to;
      });
  const found = /:(\d+)@/.exec(lines.find(serves) ?? "")?.[1];
  return nodes[ports.indexOf(Number(found))] ?? "";
}
