import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PrivateServer } from "../../../tooling/services/private.ts";
import { rabbitmq } from "../../../tooling/services/rabbitmq.ts";

/** RabbitMQ's management command, with the settings of that server's process: they are read where Linux shows them. */
export async function rabbitmqctl(server: PrivateServer, ...args: string[]): Promise<void> {
  const [process] = server.processes;
  const lines = readFileSync(`/proc/${process?.pid}/environ`, "utf8").split("\0");
  const env = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const program = join(dirname(rabbitmq.find() ?? ""), "rabbitmqctl");
  await promisify(execFile)(program, args, { env });
}
