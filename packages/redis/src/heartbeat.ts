import { WfeError } from "@wfe/core";
import type { QueueKeys } from "./keys.ts";
import type { Lease } from "./lease.ts";
import type { Link } from "./link.ts";
import { BEAT, RETIRE } from "./scripts.ts";

export interface HeartbeatOptions {
  readonly link: Link;
  readonly keys: QueueKeys;
  readonly lease: Lease;
  readonly visibilityTimeoutMs: number;
  readonly onError: (error: unknown) => void;
  readonly onLost: (why: string) => void;
}

export interface Heartbeat {
  stop(): void;
}

const AGAIN_MS = 200;

/**
 * Renews a lease at every third of its length, and gives back what the dead of this queue held, at the moment when
 * their leases end. All times are the server's, so clocks that are wrong do no harm. Resolves once the lease is
 * registered.
 */
export async function startHeartbeat(options: HeartbeatOptions): Promise<Heartbeat> {
  const { link, keys, lease, visibilityTimeoutMs: lengthMs, onError, onLost } = options;
  const everyMs = lengthMs / 3;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let beatAt = 0;
  let failing = false;

  const ask = async (mode: "register" | "beat" | "look"): Promise<number> => {
    const sentAt = performance.now();
    const answer = await link.run(BEAT, [keys.consumers, lease.held], [lease.id, Math.ceil(lengthMs), mode]);
    const [known, nextMs, ...dead] = answer as [number, number, ...string[]];
    if (stopped) return Infinity;
    if (known === 0) throw new WfeError("WFE_LEASE_LOST", "the server does not know this consumer any more");
    if (mode !== "look") {
      lease.confirmedAt = sentAt;
      beatAt = sentAt + everyMs;
    }
    for (const id of dead) await bury(id);
    return nextMs < 0 ? Infinity : nextMs;
  };

  const bury = async (id: string): Promise<void> => {
    const ofDead = [keys.consumers, keys.held(id), keys.woken(id), keys.list];
    await link.run(RETIRE, ofDead, [id, keys.levelBase, "reap", Math.ceil(lengthMs) + 60_000]);
  };

  const schedule = (inMs: number): void => {
    if (stopped) return;
    const dueAt = performance.now() + inMs;
    timer = setTimeout(() => void ring(dueAt), inMs);
  };

  const ring = async (dueAt: number): Promise<void> => {
    tellLag(performance.now() - dueAt);
    try {
      const nextEndMs = await ask(performance.now() >= beatAt - 1 ? "beat" : "look");
      failing = false;
      schedule(Math.max(1, Math.min(beatAt - performance.now(), nextEndMs + 1)));
    } catch (error) {
      if (stopped) return;
      if (!failing) onError(error);
      failing = true;
      if (error instanceof WfeError && error.code === "WFE_LEASE_LOST") return lost(error.message);
      const silentMs = performance.now() - lease.confirmedAt;
      if (silentMs >= lengthMs) return lost(`no heartbeat was answered for ${Math.round(silentMs)} ms`);
      schedule(Math.min(AGAIN_MS, everyMs / 2));
    }
  };

  const lost = (why: string): void => {
    stopped = true;
    onLost(why);
  };

  const tellLag = (lagMs: number): void => {
    if (lagMs < everyMs) return;
    const text =
      `the event loop was blocked for ${Math.round(lagMs)} ms while ${lease.open.size} deliveries were in hand; ` +
      `a lease lasts ${lengthMs} ms (visibilityTimeoutMs)`;
    onError(new WfeError("WFE_TIMEOUT", text));
  };

  const firstEndMs = await ask("register");
  schedule(Math.max(1, Math.min(everyMs, firstEndMs + 1)));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
