import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answersPing, redisCli, redisProgram, spawnRedis } from "./redis-process.ts";
import type { Place, Service } from "./service.ts";

const masterName = "wfe-test";
const servers = ["master", "replica"];
const sentinels = ["sentinel-1", "sentinel-2", "sentinel-3"];

/** A master with one replica, watched by three sentinels that fail over after a second of silence. */
export const redisSentinel: Service = {
  ...redisProgram,
  name: "redisSentinel",
  variables: ["WFE_TEST_REDIS_SENTINELS", "WFE_TEST_REDIS_SENTINEL_NAME"],
  usedBy: ["redis"],
  async start(place, program) {
    const master = await spawnRedis(place, "master", program);
    await spawnRedis(place, "replica", program, ["--replicaof", "127.0.0.1", `${master}`]);
    const ports = await Promise.all(sentinels.map((name) => spawnSentinel(place, name, program, master)));
    return {
      WFE_TEST_REDIS_SENTINELS: ports.map((port) => `127.0.0.1:${port}`).join(","),
      WFE_TEST_REDIS_SENTINEL_NAME: masterName,
    };
  },
  async ready(place) {
    const ports = await Promise.all([...servers, ...sentinels].map((name) => place.port(name)));
    await Promise.all(ports.map((port) => place.until("the process answers", () => answersPing(port))));
    await Promise.all(ports.slice(servers.length).map((port) => untilAcquainted(place, port)));
  },
};

/** A sentinel takes its settings only from a file, which it rewrites as it learns. */
async function spawnSentinel(place: Place, name: string, program: string, master: number): Promise<number> {
  const port = await place.port(name);
  const folder = join(place.folder, name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "sentinel.conf");
  const settings = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${masterName} 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds ${masterName} 1000`,
    `sentinel failover-timeout ${masterName} 5000`,
  ];
  writeFileSync(file, `${settings.join("\n")}\n`);
  place.spawn(name, program, [file, "--sentinel"]);
  return port;
}

/** A fail-over needs a sentinel that knows the replica and both other sentinels. */
function untilAcquainted(place: Place, port: number): Promise<void> {
  return place.until("the sentinel knows the others", async () => {
    const lines = (await redisCli(port, "sentinel", "master", masterName)).split("\n");
    const fact = (name: string) => lines[lines.indexOf(name) + 1];
    return fact("num-slaves") === "1" && fact("num-other-sentinels") === `${sentinels.length - 1}`;
  });
}
