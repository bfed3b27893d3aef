/**
 * machinery's retry ladder: the delay before the next retry is the next Fibonacci number, in seconds, after the
 * delay before (its RetryTimeout field): 1, 2, 3, 5, 8, 13 …
 */

/** The smallest Fibonacci number greater than `n` (0 → 1, 1 → 2, 3 → 5, 4 → 5), never beyond 2^53 − 1. */
export function nextFibonacci(n: number): number {
  let [current, next] = [1, 2];
  while (current <= n && current < Number.MAX_SAFE_INTEGER) [current, next] = [next, current + next];
  return Math.min(current, Number.MAX_SAFE_INTEGER);
}

/** How many retries lead from 0 to a delay of `timeoutS` (0 → 0, 1 → 1, 5 → 4; 6 → 4, for 8 is not reached). */
export function fibonacciStep(timeoutS: number): number {
  let step = 0;
  for (let delay = 1; delay <= timeoutS && delay < Number.MAX_SAFE_INTEGER; delay = nextFibonacci(delay))
    step++;
  return step;
}
