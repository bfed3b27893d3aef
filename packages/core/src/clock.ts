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
