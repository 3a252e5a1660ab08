// Instants as options of a command.

import { OperatingError } from "../core/errors.ts";
import { INSTANT_EXPECTED, parseInstant as parse } from "../core/instant.ts";

/** Unix milliseconds from milliseconds, ISO 8601, or "15m", "24h", "7d" before `now`. Throws OperatingError("usage"). */
export function parseInstant(text: string, option: string, now: number): number {
  const instant = parse(text, now);
  if (instant !== undefined) return instant;
  throw new OperatingError("usage", `${option}: expected ${INSTANT_EXPECTED}, got ${JSON.stringify(text)}`);
}
