/** Pauses that something else can end. */
export interface Pauses {
  pause(ms: number): Promise<void>;
  /** Ends all that are under way. */
  end(): void;
}

export function pauses(): Pauses {
  const all = new Set<() => void>();
  return {
    pause: (ms) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          all.delete(done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        all.add(done);
      }),
    end() {
      for (const done of all) done();
    },
  };
}

/** Wakes a loop at the end of the tick in which something changed first, so that it sees all changes of that tick. */
export interface Changes {
  notify(): void;
  /** Resolves once something has changed since the last time. */
  next(): Promise<void>;
}

export function changes(): Changes {
  let scheduled = false;
  let changed = Promise.withResolvers<void>();
  return {
    notify() {
      if (scheduled) return;
      scheduled = true;
      process.nextTick(() => {
        scheduled = false;
        changed.resolve();
      });
    },
    async next() {
      await changed.promise;
      changed = Promise.withResolvers<void>();
    },
  };
}
