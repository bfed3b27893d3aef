/** Where core takes time from. Tests inject a virtual one (see `@wfe/memory`). */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Calls back once after `ms`. Returns how to take that back. Never keeps the process alive by itself when
   * `background` is set. */
  after(ms: number, callback: () => void, options?: { readonly background?: boolean }): () => void;
}

/** setTimeout takes at most 2^31 - 1 ms; longer waits are cut into pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback, options) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const piece = Math.min(left, LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > piece ? arm(left - piece) : callback()), piece);
      if (options?.background) timer.unref();
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** Deadlines that mostly never come are kept to this. */
const COARSE_MS = 100;

/**
 * Like `clock.after`, but up to 100 ms late: all that is due in the same tenth of a second shares one timer, so that a
 * deadline which never comes costs next to nothing.
 */
export function coarse(clock: Clock): (ms: number, callback: () => void) => () => void {
  const slots = new Map<number, { readonly callbacks: Set<() => void>; readonly cancel: () => void }>();
  const open = (at: number): Set<() => void> => {
    const callbacks = new Set<() => void>();
    const fire = (): void => {
      slots.delete(at);
      for (const callback of callbacks) callback();
    };
    slots.set(at, { callbacks, cancel: clock.after(at - clock.now(), fire) });
    return callbacks;
  };
  return (ms, callback) => {
    const at = Math.ceil((clock.now() + ms) / COARSE_MS) * COARSE_MS;
    const callbacks = slots.get(at)?.callbacks ?? open(at);
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
      const slot = slots.get(at);
      if (callbacks.size > 0 || slot?.callbacks !== callbacks) return;
      slots.delete(at);
      slot.cancel();
    };
  };
}
