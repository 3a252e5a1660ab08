// Instants as people and scripts write them.

import { OperatingError } from "../core/errors.ts";
import { TIME_MS_MAX } from "../core/limits.ts";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A date (UTC), or date and time, which without a zone are local ones. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Unix milliseconds from milliseconds, ISO 8601, or "15m", "24h", "7d" before `now`. Throws OperatingError("usage"). */
export function parseInstant(text: string, option: string, now: number): number {
  const ago = /^(\d+)([smhd])$/.exec(text);
  const instant =
    ago !== null
      ? now - Number(ago[1]) * (UNIT_MS[ago[2] as string] as number)
      : /^-?\d+(\.\d+)?$/.test(text)
        ? Number(text)
        : ISO_8601.test(text)
          ? Date.parse(text)
          : Number.NaN;
  if (!(Math.abs(instant) <= TIME_MS_MAX)) {
    throw new OperatingError(
      "usage",
      `${option}: expected Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), or a time before now ("15m", "24h", "7d"), got ${JSON.stringify(text)}`,
    );
  }
  return instant;
}
