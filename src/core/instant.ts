// Instants and lengths of time as people and scripts write them, and as they are printed. Text enters, milliseconds or
// what is wrong leave; nothing is rounded. A date is its whole day. What has no offset is in a time zone that the
// caller names: see time_zone.ts. The pattern says the form, the functions also whether there is such a time.

import { DAY_MS, TIME_MS_MAX } from "./limits.ts";
import type { TimeZone } from "./time_zone.ts";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };

const AGO = /^(\d+)([smhd])$/;
const MILLISECONDS = /^-?\d+(\.\d+)?$/;
/** A date, or date and time, to the minute or more exactly, with or without an offset. */
const CALENDAR =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?: ?(Z|[+-]\d{2}(?::?\d{2})?))?)?$/;
const INTERVAL = /^(\d+)([smhd]?)$/;

/** Numbers below are in 1970, where nobody has records: seconds, most likely, or a year. */
const MILLISECONDS_MIN = 365 * DAY_MS;
/** The first instant that a year of four digits can name. */
const YEAR_ZERO = -62_167_219_200_000;
/** Seconds from 1973 on. */
const SECONDS_MIN = 100_000_000;

/** A regular expression's source: every text that readBound takes has this form. */
export const INSTANT_PATTERN = [MILLISECONDS, AGO, CALENDAR].map(({ source }) => source).join("|");
/** The same as a part of a longer expression. */
export const INSTANT_FORM = [MILLISECONDS, AGO, CALENDAR].map(({ source }) => source.slice(1, -1)).join("|");
/** What readTime takes, for people. */
export const TIME_EXPECTED =
  'Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), a time as it is printed ("2026-01-31 12:00:00.123"), or a date (its whole day)';
/** What readBound takes, for people. */
export const INSTANT_EXPECTED = `${TIME_EXPECTED.replace(", or a date", ", a date")}, or a time before now ("15m", "24h", "7d")`;

/** As INSTANT_PATTERN, of parseInterval. */
export const INTERVAL_PATTERN = INTERVAL.source;
export const INTERVAL_EXPECTED = 'a length of time above 0 ("30s", "5m", "1h", "1d"), or whole milliseconds';

/**
 * What a text means, Unix ms: an instant where `to` is `from`, else all times from `from` up to, not including, `to`.
 */
export interface WrittenTime {
  readonly from: number;
  readonly to: number;
  /** A whole day, and so meant as one in bounds as well. */
  readonly isDay: boolean;
}

/** A value, or what may have been meant, which may be "". */
export type TimeReading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly hint: string };

/**
 * A time within ±TIME_MS_MAX: a number is an instant, a calendar time all of its last part, be it a day, a minute or a
 * thousandth.
 */
export function readTime(text: string, timeZone: TimeZone): TimeReading<WrittenTime> {
  if (MILLISECONDS.test(text)) return readNumber(Number(text), text);
  const parts = CALENDAR.exec(text);
  if (parts === null) return refuse(hintFor(text));
  const [, date = "", hours, minutes = "", seconds, fraction, offset] = parts;
  const midnight = Date.parse(date);
  // Date.parse makes March 2 of February 30.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date))
    return refuse("there is no such day");
  if (hours === undefined) return readDay(midnight, timeZone);
  const timeOfDay = timeOfDayOf(hours, minutes, seconds ?? "0", fraction ?? "");
  const offsetMs = offset === undefined ? undefined : offsetOf(offset);
  if (Number.isNaN(timeOfDay) || Number.isNaN(offsetMs)) return refuse("there is no such time of day");
  const local = midnight + timeOfDay;
  const from = offsetMs === undefined ? timeZone.instantOf(local) : local - offsetMs;
  const lengthMs = fraction === undefined ? (seconds === undefined ? 60_000 : 1_000) : lengthOfFraction(fraction);
  return { ok: true, value: { from, to: from + lengthMs, isDay: false } };
}

/**
 * A bound of a range, Unix ms, `now` being what "24h" is before: the first instant of the text, or, of a day that ends
 * a range, its end.
 */
export function readBound(text: string, side: "from" | "to", now: number, timeZone: TimeZone): TimeReading<number> {
  const ago = AGO.exec(text);
  if (ago !== null) return within(now - Number(ago[1]) * (UNIT_MS[ago[2] as string] as number));
  const read = readTime(text, timeZone);
  if (!read.ok) return read;
  const { from, to, isDay } = read.value;
  return { ok: true, value: side === "to" && isDay ? to : from };
}

/** As readBound, of a number. */
export function readBoundNumber(bound: number): TimeReading<number> {
  const read = readNumber(bound, String(bound));
  return read.ok ? { ok: true, value: read.value.from } : read;
}

/**
 * A text that readBound takes for this instant, in any time zone; whole milliseconds before 1971, and nothing before
 * the year 0.
 */
export function instantText(instant: number): string {
  return instant >= MILLISECONDS_MIN ? String(instant) : new Date(Math.max(instant, YEAR_ZERO)).toISOString();
}

/** Milliseconds, 1 to TIME_MS_MAX, from "30s", "5m", "1h", "1d" or whole milliseconds; undefined for anything else. */
export function parseInterval(text: string): number | undefined {
  const parts = INTERVAL.exec(text);
  if (parts === null) return undefined;
  const intervalMs = Number(parts[1]) * (UNIT_MS[parts[2] as string] ?? 1);
  return intervalMs >= 1 && intervalMs <= TIME_MS_MAX ? intervalMs : undefined;
}

function refuse(hint: string): { readonly ok: false; readonly hint: string } {
  return { ok: false, hint };
}

function within(instant: number): TimeReading<number> {
  return Math.abs(instant) <= TIME_MS_MAX ? { ok: true, value: instant } : refuse("that is too far away");
}

function readNumber(number: number, text: string): TimeReading<WrittenTime> {
  if (number < 0) return refuse("that would be before 1970");
  if (number < MILLISECONDS_MIN) {
    const year = /^[12]\d{3}$/.test(text) ? `a year? write ${text}-01-01` : "";
    const seconds = number >= SECONDS_MIN ? `seconds? write ${Math.round(number * 1_000)}` : "";
    const meant = year || seconds || "seconds, or days? a whole day is written 2026-01-31";
    return refuse(`that would be in 1970: ${meant}`);
  }
  return number <= TIME_MS_MAX
    ? { ok: true, value: { from: number, to: number, isDay: false } }
    : refuse("that is too far away: microseconds or nanoseconds?");
}

function readDay(midnight: number, timeZone: TimeZone): TimeReading<WrittenTime> {
  const from = timeZone.startOfDay(midnight);
  const to = timeZone.startOfDay(midnight + DAY_MS);
  return from < to
    ? { ok: true, value: { from, to, isDay: true } }
    : refuse(`there is no such day in ${timeZone.name}`);
}

/** In ms; NaN for none that a clock shows, but for the 24:00 of ISO 8601. */
function timeOfDayOf(hours: string, minutes: string, seconds: string, fraction: string): number {
  const ms = Number(`${fraction.slice(0, 3).padEnd(3, "0")}.${fraction.slice(3)}0`);
  const time = Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000 + ms;
  return Number(minutes) <= 59 && Number(seconds) <= 59 && (Number(hours) <= 23 || time === DAY_MS) ? time : Number.NaN;
}

/** "Z", "+02:00", "+0200" or "+02" in ms; NaN for none that there is. */
function offsetOf(text: string): number {
  if (text === "Z") return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(":", ""))];
  return hours <= 23 && minutes <= 59 ? (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000 : Number.NaN;
}

/** What is finer than a thousandth is exact. */
function lengthOfFraction({ length }: string): number {
  return length > 3 ? 0 : 10 ** (3 - length);
}

function hintFor(text: string): string {
  if (/^\d{4}-\d{2}$/.test(text)) return `a month? its days are ${text}-01 to the last one`;
  if (AGO.test(text)) return "a length of time before now is for from and to";
  if (/^\d{4}\/\d{2}\/\d{2}/.test(text)) return "dates are written with dashes";
  return "";
}

/** The UTC month of an instant in Unix ms: "2026-11". Throws RangeError for an instant that no Date can hold. */
export function monthOf(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}
