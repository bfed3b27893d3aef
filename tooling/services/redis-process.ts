import { output } from "../command.ts";
import { answers } from "./ports.ts";
import { aptInstall, findProgram } from "./program.ts";
import type { Place } from "./service.ts";

/** What Redis, Redis Cluster and Redis Sentinel have in common: the program, and how one process is started. */
export const redisProgram = {
  find: (): string | undefined => (findProgram("redis-cli") ? findProgram("redis-server") : undefined),
  install: (): Promise<void> => aptInstall("redis-server", "redis-tools"),
};

/** Starts one process in memory only (unless `args` say otherwise) and resolves to its port, before it listens. */
export async function spawnRedis(
  place: Place,
  name: string,
  program: string,
  args: readonly string[] = [],
): Promise<number> {
  const port = await place.port(name);
  const own = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--dir",
    place.folder,
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  place.spawn(name, program, [...own, "--dbfilename", `${name}.rdb`, ...args, ...place.args]);
  return port;
}

/** True if the server on this port answers a PING; rejects if nothing listens. */
export function answersPing(port: number): Promise<boolean> {
  return answers(port, "PING\r\n", "+PONG");
}

/** Asks with the command-line client, which is installed wherever `find` succeeds. */
export function redisCli(port: number, ...args: readonly string[]): Promise<string> {
  return output(findProgram("redis-cli") ?? "redis-cli", ["-p", `${port}`, ...args]);
}
