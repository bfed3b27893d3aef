import { setTimeout as sleep } from "node:timers/promises";

/** Thrown when nobody may open a file now. It will pass. */
export class ReadersBusy extends Error {
  override readonly name = "ReadersBusy";
}

/**
 * Lets at most so many read at once. Who comes when all are busy looks once more a moment later, and is then turned
 * away. It stands for whatever your tasks share and is scarce: connections of a database, seats of a licence, calls
 * that somebody's API allows.
 */
export function readerLimit(most: number, patienceMs: number): <T>(read: () => Promise<T>) => Promise<T> {
  let open = 0;
  return async (read) => {
    if (open >= most) await sleep(patienceMs);
    if (open >= most) throw new ReadersBusy(`all ${most} readers are busy`);
    open += 1;
    try {
      return await read();
    } finally {
      open -= 1;
    }
  };
}
