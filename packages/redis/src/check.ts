import type { Logger } from "@wfe/core";
import type { Link } from "./link.ts";

/** Of Redis; Valkey tells the version of Redis that it is compatible with. */
const OLDEST = [6, 2] as const;

/** Once connected, says through the logger what about this server endangers messages and results. Never throws. */
export function checkServer(link: Link, adapter: string, logger: Logger | undefined): void {
  if (!logger) return;
  let checked = false;
  link.onReady(() => {
    if (checked) return;
    checked = true;
    void check(link, adapter, logger).catch(() => undefined); // an ACL user who may not ask is told nothing
  });
}

async function check(link: Link, adapter: string, logger: Logger): Promise<void> {
  const info = String(await link.command("info", []));
  const version = fact(info, "redis_version");
  if (version && isOlder(version)) {
    const text = `${adapter}: the server is version ${version}; at least ${OLDEST.join(".")} is needed`;
    logger.error({ version }, text);
  }
  const policy = fact(info, "maxmemory_policy");
  if (policy && policy !== "noeviction") {
    const text =
      `${adapter}: the server's maxmemory-policy is ${policy}: when memory runs short it drops queues and results; ` +
      `set it to noeviction`;
    logger.warn({ policy }, text);
  }
}

function fact(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
