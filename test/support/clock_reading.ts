// Readings of the server's clock that a test sets.

import type { ClockReading } from "../../src/core/clock.ts";

/** A clock that nobody set; Unix ms. */
export function readingAt(now: number): ClockReading {
  return { wall: now, steady: now, trusted: now };
}
