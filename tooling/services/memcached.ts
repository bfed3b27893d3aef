import { answers } from "./ports.ts";
import { aptInstall, findProgram } from "./program.ts";
import type { Service } from "./service.ts";

/** `args` of the place are options of memcached. */
export const memcached: Service = {
  name: "memcached",
  variables: ["WFE_TEST_MEMCACHE_SERVERS"],
  usedBy: ["memcache"],
  find: () => findProgram("memcached"),
  install: () => aptInstall("memcached"),
  async start(place, program) {
    const port = await place.port("memcached");
    // It refuses to run as root unless told to.
    const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
    place.spawn("memcached", program, [
      ...user,
      "-l",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-U",
      "0",
      "-m",
      "64",
      ...place.args,
    ]);
    return { WFE_TEST_MEMCACHE_SERVERS: `127.0.0.1:${port}` };
  },
  async ready(place) {
    const port = await place.port("memcached");
    await place.until("memcached answers", () => answers(port, "version\r\n", "VERSION"));
  },
};
