// When a delivery that failed is tried again, and when it is given up.

import type { Told } from "./message.ts";

/** The pauses after the first, second … attempt that failed, in ms. */
export const RETRY_DELAYS_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000] as const;
/** The longest pause that a receiver may ask for, in ms. */
export const RETRY_AFTER_MS_MAX = 3_600_000;
/** How long "resolved" is tried, each half hour after the other pauses: an alarm that nobody calls off stays. */
const RESOLVED_MS_MAX = 86_400_000;
const LAST_DELAY_MS = RETRY_DELAYS_MS[RETRY_DELAYS_MS.length - 1] ?? 0;
const RESOLVED_ATTEMPTS_MAX = RETRY_DELAYS_MS.length + RESOLVED_MS_MAX / LAST_DELAY_MS;

/**
 * The pause before the next attempt, in ms; undefined: there is none. `failedAttempts` is 1 or more, `afterMs` what the
 * receiver asked for: it is not asked earlier.
 */
export function retryDelay(told: Told, failedAttempts: number, afterMs = 0): number | undefined {
  const isKept = mayResolve(told) && failedAttempts <= RESOLVED_ATTEMPTS_MAX;
  const delay = RETRY_DELAYS_MS[failedAttempts - 1] ?? (isKept ? LAST_DELAY_MS : undefined);
  return delay === undefined ? undefined : Math.max(delay, Math.min(afterMs, RETRY_AFTER_MS_MAX));
}

function mayResolve(told: Told): boolean {
  return told.state === "resolved" || (told.state === "summary" && told.notifications.some(mayResolve));
}

/**
 * Retry-After in ms, from its seconds or its date, 0 or more; undefined where it is neither.
 * Source: RFC 9110, section 10.2.3.
 */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Math.min(Number(trimmed) * 1000, RETRY_AFTER_MS_MAX);
  // A date has letters; "12.5" and "-3" are none.
  if (!/[A-Za-z]{3}/.test(trimmed) || trimmed.length > 64) return undefined;
  // The form of asctime names no zone, and means GMT.
  const at = Date.parse(/(?:GMT|UTC|Z|[+-]\d{2}:?\d{2})$/.test(trimmed) ? trimmed : `${trimmed} GMT`);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), RETRY_AFTER_MS_MAX);
}
