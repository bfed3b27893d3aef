/** Thrown when nobody may open a file now. It will pass. */
export class ReadersBusy extends Error {
  override readonly name = "ReadersBusy";
}

/**
 * Lets at most so many read at once, and turns the others away. It stands for whatever your tasks share and is scarce:
 * connections of a database, seats of a licence, calls that somebody's API allows.
 */
export function readerLimit(most: number): <T>(read: () => Promise<T>) => Promise<T> {
  let open = 0;
  return async (read) => {
    if (open >= most) throw new ReadersBusy(`all ${most} readers are busy`);
    open += 1;
    try {
      return await read();
    } finally {
      open -= 1;
    }
  };
}
