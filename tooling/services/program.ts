import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { command, output } from "../command.ts";

/** The first of these that can be executed: absolute paths, or names looked up on the PATH. */
export function findProgram(...candidates: readonly string[]): string | undefined {
  // Debian keeps servers in sbin folders that are not on every user's PATH.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return candidates
    .flatMap((name) => (name.startsWith("/") ? [name] : folders.map((folder) => join(folder, name))))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs Debian packages. Two checkouts may do so at once, so they queue. Debian starts a server as soon as it
 * is installed; the policy file forbids that for this while, and only what this script put there is removed.
 */
const aptScript = `
exec 9> /tmp/wfe-apt.lock && flock 9
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update && apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@"
`;

/** Rejects if this is no Debian, or we are neither root nor allowed to become it without a password. */
export async function aptInstall(...packages: readonly string[]): Promise<void> {
  if (!findProgram("apt-get"))
    throw new Error(`there is no apt-get here to install ${packages.join(", ")} with`);
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  if (
    asRoot.length > 0 &&
    (await command("sudo", ["-n", "true"], { stdio: "ignore" }).catch(() => 1)) !== 0
  ) {
    throw new Error(`installing ${packages.join(", ")} takes root, or sudo without a password`);
  }
  const [program = "", ...args] = [...asRoot, "sh", "-c", aptScript, "apt-install", ...packages];
  await output(program, args);
}
