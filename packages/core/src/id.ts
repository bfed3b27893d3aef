import { randomFillSync } from "node:crypto";

const BYTES = 16;
const pool = Buffer.allocUnsafeSlow(BYTES * 256);
let used = pool.length;

/** A random id as hard to guess as a UUID, in 22 characters instead of 36: it stands in every key, message and state. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += BYTES;
  return pool.toString("base64url", from, used);
}
