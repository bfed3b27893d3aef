import { answersPing, redisCli, redisProgram, spawnRedis } from "./redis-process.ts";
import type { Place, Service } from "./service.ts";

const nodes = ["node-1", "node-2", "node-3"];

/** Three masters without replicas: enough to see keys on different nodes, and MOVED, ASK and CROSSSLOT. */
export const redisCluster: Service = {
  ...redisProgram,
  name: "redisCluster",
  variables: ["WFE_TEST_REDIS_CLUSTER"],
  usedBy: ["redis"],
  async start(place, program) {
    const ports = await Promise.all(
      nodes.map((name) => spawnRedis(place, name, program, clusterOptions(name))),
    );
    return { WFE_TEST_REDIS_CLUSTER: ports.map(address).join(",") };
  },
  async ready(place) {
    const ports = await Promise.all(nodes.map((name) => place.port(name)));
    await Promise.all(ports.map((port) => place.until("the node answers", () => answersPing(port))));
    if (!(await isFormed(ports))) await form(ports);
    await Promise.all(ports.map((port) => untilWhole(place, port)));
  },
};

function clusterOptions(name: string): readonly string[] {
  return [
    "--cluster-enabled",
    "yes",
    "--cluster-config-file",
    `${name}.conf`,
    "--cluster-node-timeout",
    "2000",
  ];
}

function address(port: number): string {
  return `127.0.0.1:${port}`;
}

/** After a restart the nodes still know each other. */
async function isFormed([first = 0]: readonly number[]): Promise<boolean> {
  return !(await redisCli(first, "cluster", "info")).includes("cluster_slots_assigned:0");
}

async function form(ports: readonly number[]): Promise<void> {
  const [first = 0] = ports;
  await redisCli(
    first,
    "--cluster",
    "create",
    ...ports.map(address),
    "--cluster-replicas",
    "0",
    "--cluster-yes",
  );
}

/** Each node must have heard that all slots are served, else it refuses commands. */
function untilWhole(place: Place, port: number): Promise<void> {
  return place.until("the node sees the whole cluster", async () =>
    (await redisCli(port, "cluster", "info")).includes("cluster_state:ok"),
  );
}
