import { answersPing, redisProgram, spawnRedis } from "./redis-process.ts";
import type { Service } from "./service.ts";

/** `args` of the place are options of redis-server, for example `["--appendonly", "yes"]`. */
export const redis: Service = {
  ...redisProgram,
  name: "redis",
  variables: ["WFE_TEST_REDIS_URL"],
  usedBy: ["redis"],
  async start(place, program) {
    const port = await spawnRedis(place, "redis", program);
    return { WFE_TEST_REDIS_URL: `redis://127.0.0.1:${port}` };
  },
  async ready(place) {
    const port = await place.port("redis");
    await place.until("Redis answers", () => answersPing(port));
  },
};
