// Instants as options of a command.

import { OperatingError } from "../core/errors.ts";
import { INSTANT_EXPECTED, readBound } from "../core/instant.ts";
import { localTimeZone, TimeZone } from "../core/time_zone.ts";

/** The bound of a range in Unix ms, as readBound reads it, in this machine's time zone. Throws OperatingError("usage"). */
export function parseInstant(text: string, option: "--from" | "--to", now: number): number {
  const read = readBound(text, option === "--from" ? "from" : "to", now, new TimeZone(localTimeZone()));
  if (read.ok) return read.value;
  const hint = read.hint === "" ? "" : `: ${read.hint}`;
  throw new OperatingError("usage", `${option}: expected ${INSTANT_EXPECTED}, got ${JSON.stringify(text)}${hint}`);
}
