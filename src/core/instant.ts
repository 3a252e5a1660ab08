// Instants and lengths of time as people and scripts write them. Text enters, milliseconds or undefined leave; nothing is
// rounded. The patterns say the form, the functions also whether there is such a time.

import { TIME_MS_MAX } from "./limits.ts";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const AGO = /^(\d+)([smhd])$/;
const MILLISECONDS = /^-?\d+(\.\d+)?$/;
/** A date (UTC), or date and time, which without a zone are local ones. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const INTERVAL = /^(\d+)([smhd]?)$/;

/** A regular expression's source: every text that parseInstant takes has this form. */
export const INSTANT_PATTERN = [MILLISECONDS, AGO, ISO_8601].map(({ source }) => source).join("|");
/** What parseInstant takes, for people. */
export const INSTANT_EXPECTED =
  'Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), or a time before now ("15m", "24h", "7d")';

/** As INSTANT_PATTERN, of parseInterval. */
export const INTERVAL_PATTERN = INTERVAL.source;
export const INTERVAL_EXPECTED = 'a length of time above 0 ("30s", "5m", "1h", "1d"), or whole milliseconds';

/** Unix ms within ±TIME_MS_MAX from milliseconds, ISO 8601, or "15m", "24h", "7d" before `now`; undefined for anything else. */
export function parseInstant(text: string, now: number): number | undefined {
  const instant = instantOf(text, now);
  return Math.abs(instant) <= TIME_MS_MAX ? instant : undefined;
}

/** Milliseconds, 1 to TIME_MS_MAX, from "30s", "5m", "1h", "1d" or whole milliseconds; undefined for anything else. */
export function parseInterval(text: string): number | undefined {
  const parts = INTERVAL.exec(text);
  if (parts === null) return undefined;
  const intervalMs = Number(parts[1]) * (UNIT_MS[parts[2] as string] ?? 1);
  return intervalMs >= 1 && intervalMs <= TIME_MS_MAX ? intervalMs : undefined;
}

function instantOf(text: string, now: number): number {
  const ago = AGO.exec(text);
  if (ago !== null) return now - Number(ago[1]) * (UNIT_MS[ago[2] as string] as number);
  if (MILLISECONDS.test(text)) return Number(text);
  return ISO_8601.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
}

/** Whether there is such a day: Date.parse makes March 2 of February 30. */
function isDay(date: string): boolean {
  const midnight = Date.parse(date);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date);
}
