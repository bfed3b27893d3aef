import type { Lease } from "./lease.ts";

/** One batch of acks: all of its callers share one promise. */
export interface Acks {
  readonly fields: readonly string[];
  resolve(): void;
  reject(error: Error): void;
}

/** Releases that go back in one step. */
export interface Releases {
  readonly fields: readonly string[];
  readonly delayMs: number;
}

interface Release {
  readonly field: string;
  readonly delayMs: number;
  readonly settled: PromiseWithResolvers<void>;
}

/** What was acked and released, and is still to be told to the server. */
export interface Settlements {
  ack(lease: Lease, field: string): Promise<void>;
  release(lease: Lease, field: string, delayMs: number): Promise<void>;
  readonly hasAcks: boolean;
  readonly hasReleases: boolean;
  takeAcks(): Acks | undefined;
  /** The first of the releases and all with the same delay: they stay until `done`, so that the step can be repeated. */
  nextReleases(): Releases & { done(): void };
  /** Rejects all that was not told. */
  refuse(error: Error): void;
}

export function settlements(notify: () => void): Settlements {
  let acks: { readonly fields: string[]; readonly settled: PromiseWithResolvers<void> } | undefined;
  let releases: Release[] = [];

  return {
    ack(lease, field) {
      lease.open.delete(field);
      acks ??= { fields: [], settled: quiet() };
      acks.fields.push(field);
      notify();
      return acks.settled.promise;
    },
    release(lease, field, delayMs) {
      lease.open.delete(field);
      const settled = quiet();
      releases.push({ field, delayMs, settled });
      notify();
      return settled.promise;
    },
    get hasAcks() {
      return acks !== undefined;
    },
    get hasReleases() {
      return releases.length > 0;
    },
    takeAcks() {
      const taken = acks;
      acks = undefined;
      return taken && { fields: taken.fields, resolve: taken.settled.resolve, reject: taken.settled.reject };
    },
    nextReleases() {
      const delayMs = releases[0]?.delayMs ?? 0;
      const group = releases.filter((one) => one.delayMs === delayMs);
      const done = (): void => {
        releases = releases.filter((one) => !group.includes(one)); // more may have come meanwhile
        for (const one of group) one.settled.resolve();
      };
      return { fields: group.map((one) => one.field), delayMs, done };
    },
    refuse(error) {
      acks?.settled.reject(error);
      acks = undefined;
      for (const one of releases.splice(0)) one.settled.reject(error);
    },
  };
}

/** Its rejection is no unhandled one before somebody looks. */
function quiet(): PromiseWithResolvers<void> {
  const settled = Promise.withResolvers<void>();
  settled.promise.catch(() => undefined);
  return settled;
}
