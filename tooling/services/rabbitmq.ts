import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../command.ts";
import { aptInstall, findProgram } from "./program.ts";
import type { Environment, Place, Service } from "./service.ts";

/** `args` of the place are lines of rabbitmq.conf, for example `["channel_max = 10"]`. */
export const rabbitmq: Service = {
  name: "rabbitmq",
  variables: ["WFE_TEST_AMQP_URL"],
  usedBy: ["amqp"],
  // Not Debian's wrapper of the same name on the PATH: that one switches to the system's user, node and folders.
  find: () =>
    findProgram(
      "/usr/lib/rabbitmq/bin/rabbitmq-server",
      "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
      "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    ),
  install: () => aptInstall("rabbitmq-server"),
  async start(place, program) {
    const port = await place.port("amqp");
    writeFiles(place, port);
    place.spawn("rabbitmq", program, [], await settings(place));
    return { WFE_TEST_AMQP_URL: `amqp://guest:guest@127.0.0.1:${port}` };
  },
  async ready(place) {
    const log = join(place.folder, "rabbitmq.log");
    // The port opens before queues can be used; the banner's last line comes after.
    await place.until(
      "RabbitMQ has started",
      () => readFileSync(log, "utf8").includes("completed with"),
      90_000,
    );
  },
  /** The port mapper that Erlang started for the node outlives it. */
  async cleanUp(place) {
    const port = await place.port("epmd");
    const epmd = (request: string) => output(findProgram("epmd") ?? "epmd", ["-port", `${port}`, request]);
    try {
      // It refuses for a moment after a crash, until it notices that its node is gone.
      for (;;) await epmd("-kill").then(() => epmd("-names"));
    } catch {
      // It no longer answers: what we wanted.
    }
  },
};

function writeFiles(place: Place, port: number): void {
  for (const folder of ["home", "data", "log"]) mkdirSync(join(place.folder, folder), { recursive: true });
  const lines = [
    `listeners.tcp.default = 127.0.0.1:${port}`,
    "vm_memory_high_watermark.absolute = 1GB",
    "disk_free_limit.absolute = 200MB",
    ...place.args,
  ];
  writeFileSync(join(place.folder, "rabbitmq.conf"), `${lines.join("\n")}\n`);
  writeFileSync(join(place.folder, "enabled_plugins"), "[].\n");
  writeFileSync(join(place.folder, "rabbitmq-env.conf"), "");
}

async function settings({ folder, port }: Place): Promise<Environment> {
  const distribution = await port("distribution");
  return {
    HOME: join(folder, "home"), // the Erlang cookie is made here
    RABBITMQ_NODENAME: `wfe-${distribution}@localhost`,
    RABBITMQ_DIST_PORT: `${distribution}`,
    ERL_EPMD_PORT: `${await port("epmd")}`,
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "rabbitmq-env.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
    RABBITMQ_PID_FILE: join(folder, "rabbitmq.pid"),
    // Makes the script become the server instead of watching over it, so the pid on record is the server's own.
    RUNNING_UNDER_SYSTEMD: "true",
  };
}
