// Counts, sizes, lengths of time and instants as people read them. Numbers enter, short texts leave; the exact values
// are in the machine outputs.

import { TIME_MS_MAX } from "./limits.ts";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** "1,234,567". */
export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** "1 record", "2 records": the word is in the singular, and its plural ends in s. */
export function formatCountOf(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** "512 B", "1.2 GiB". */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 1,023.96 would be shown as 1,024.
  while (value >= 1_023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const shown = unit === 0 || value >= 99.95 ? Math.round(value).toLocaleString("en") : value.toFixed(1);
  return `${shown} ${BYTE_UNITS[unit]}`;
}

/** Characters of the widest text that `formatDuration` makes. */
export const DURATION_LENGTH_MAX = 15;
/** From here on hours would say nothing. */
const DAYS_ALONE_MS = 1_000 * DAY_MS;

/**
 * "0.421 ms", "42 ms", "1.24 s", "3 m 20 s", "2 h 5 m", "3 d 4 h", "1,234 d": three digits, or two units, are enough to
 * compare. What no two instants can be apart is ">100,000,000 d", so that nothing becomes wider than
 * DURATION_LENGTH_MAX.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (!(durationMs <= TIME_MS_MAX)) return `>${formatCount(TIME_MS_MAX / DAY_MS)} d`;
  if (durationMs > 0 && durationMs < 0.0005) return "<0.001 ms";
  if (durationMs < 999.5) return `${threeDigits(durationMs)} ms`;
  if (durationMs < 59_950) return `${threeDigits(durationMs / SECOND_MS)} s`;
  if (durationMs < HOUR_MS - 500) return twoUnits(durationMs, MINUTE_MS, "m", SECOND_MS, "s");
  if (durationMs < DAY_MS - 30_000) return twoUnits(durationMs, HOUR_MS, "h", MINUTE_MS, "m");
  if (durationMs < DAYS_ALONE_MS - HOUR_MS / 2) return twoUnits(durationMs, DAY_MS, "d", HOUR_MS, "h");
  return `${formatCount(Math.round(durationMs / DAY_MS))} d`;
}

/** The clocks whose times are shown: of this machine, or of UTC. */
export type Clocks = "local" | "utc";

/**
 * "2026-11-23 12:56:38.123": local time unless `clocks` says otherwise; fractions of a millisecond are cut off. Where
 * clocks show the same twice, because they go back, the offset stands behind it: "2026-10-25 02:30:00.000 +01:00".
 */
export function formatInstant(time: number, clocks: Clocks = "local"): string {
  return `${formatClock(time, clocks)}${offsetIfRepeated(time, clocks)}`;
}

/** As formatInstant, to the second: "2026-11-23 12:56:38", with the offset where clocks show the same twice. */
export function formatSecond(time: number, clocks: Clocks = "local"): string {
  return `${formatClock(time, clocks).slice(0, -4)}${offsetIfRepeated(time, clocks)}`;
}

/** What the clocks show: "2026-11-23 12:56:38.123". */
export function formatClock(time: number, clocks: Clocks = "local"): string {
  const at = new Date(time);
  if (clocks === "utc") return at.toISOString().slice(0, -1).replace("T", " ");
  const date = `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1, 2)}-${pad(at.getDate(), 2)}`;
  const clock = `${pad(at.getHours(), 2)}:${pad(at.getMinutes(), 2)}:${pad(at.getSeconds(), 2)}`;
  return `${date} ${clock}.${pad(at.getMilliseconds(), 3)}`;
}

/** " +01:00" where local clocks show the same at another instant. */
function offsetIfRepeated(time: number, clocks: Clocks): string {
  return clocks === "local" && isRepeated(time) ? ` ${formatOffset(time)}` : "";
}

/** Whether clocks show the same at another instant. */
function isRepeated(time: number): boolean {
  const offset = offsetMinutes(time);
  // No clock goes back by more than a day, and none twice within two.
  return [time - DAY_MS, time + DAY_MS].some((around) => {
    const other = offsetMinutes(around);
    return other !== offset && offsetMinutes(time + (offset - other) * MINUTE_MS) === other;
  });
}

/** Local time minus UTC. */
function offsetMinutes(time: number): number {
  return -new Date(time).getTimezoneOffset();
}

function formatOffset(time: number): string {
  const minutes = offsetMinutes(time);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(size / 60), 2)}:${pad(size % 60, 2)}`;
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

function threeDigits(value: number): string {
  const decimals = value < 1 ? 3 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return String(Number(value.toFixed(decimals)));
}

/** Whole numbers of both, rounded to the smaller; a smaller one of zero is left out. */
function twoUnits(durationMs: number, large: number, largeName: string, small: number, smallName: string): string {
  const rounded = Math.round(durationMs / small) * small;
  const rest = Math.round((rounded % large) / small);
  const first = `${formatCount(Math.floor(rounded / large))} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}
