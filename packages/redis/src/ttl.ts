/** For how long from now, in whole ms; 0: for ever. What has expired already lasts one more ms. */
export function ttlMs(expiresAt: number): number {
  return Number.isFinite(expiresAt) ? Math.max(1, Math.ceil(expiresAt - Date.now())) : 0;
}
