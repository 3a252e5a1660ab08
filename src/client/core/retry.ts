// When a batch is sent again after no response, 429 or 5xx.

const MIN_MS = 1000;
const MAX_MS = 60_000;
/** A longer Retry-After is ignored: the page would never send again. */
const WISHED_MAX_MS = 3_600_000;

/**
 * Milliseconds to wait: what Retry-After says, in seconds or as a date (RFC 9110, 10.2.3), else 1 to 60 s, at random
 * below a bound that doubles with each failure. `failures`: attempts that failed before this one.
 */
export function retryDelayMs(failures: number, retryAfter?: string | null): number {
  const wishedMs = +(retryAfter as string) * 1000 || Date.parse(retryAfter as string) - Date.now();
  const jitteredMs = MIN_MS + Math.random() * Math.min(MAX_MS - MIN_MS, MIN_MS * 2 ** failures);
  return Math.max(MIN_MS, Math.min(WISHED_MAX_MS, wishedMs || jitteredMs));
}
