import type { Clock } from "@wfe/core";

/** One timer, always set for the next of many moments. */
export interface Alarm extends Disposable {
  /** Rings once at `at` instead of whenever it was set for; `Infinity`: not at all. */
  set(at: number, background: boolean): void;
}

/** A disposed alarm can still be set, and never rings. */
export function alarm(clock: Clock, ring: () => void): Alarm {
  let setFor = Infinity;
  let inBackground = false;
  let cancel: (() => void) | undefined;
  let disposed = false;

  const rings = (): void => {
    setFor = Infinity;
    ring();
  };

  return {
    set(at, background) {
      if (disposed || (at === setFor && background === inBackground)) return;
      cancel?.();
      cancel = undefined;
      setFor = at;
      inBackground = background;
      if (at < Infinity) cancel = clock.after(Math.max(0, at - clock.now()), rings, { background });
    },
    [Symbol.dispose]() {
      disposed = true;
      cancel?.();
    },
  };
}
