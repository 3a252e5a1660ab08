// Levels and times as loggers write them. In: any JSON value. Out: a level of the specification, or Unix ms; undefined
// for what is neither, so that it stays where it was.
// Measured (Bun 1.4.5): a level 10 ns, a time of ISO 8601 with Z 0.2 µs, with an offset 1 µs.

import { readTime } from "../core/instant.ts";
import { TIME_MS_MAX } from "../core/limits.ts";
import type { Level } from "../core/record.ts";
import { TimeZone } from "../core/time_zone.ts";

// Numbers by their magnitude: each unit's range begins in March 1973 and ends where the next one's begins. What is
// less is a length of time, a date as a number, or a counter.
const SECONDS_MIN = 1e8;
const MILLISECONDS_MIN = 1e11;
const MICROSECONDS_MIN = 1e14;
const NANOSECONDS_MIN = 1e17;

const NUMBER = /^\d+(?:\.\d+)?$/;
/** What Date.parse reads exactly: up to a thousandth, in UTC, of a day that every month has. */
const PLAIN_ISO = /^\d{4}-\d{2}-(?:0\d|1\d|2[0-8])T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;
/** "2026/11/29" as Go and nginx write it. */
const SLASHED = /^(\d{4})\/(\d{2})\/(\d{2})(?=[ T])/;
/** Beside the offset, as Go writes it, or instead of it, as Ruby does. */
const ZONE_NAME = / (?:UTC|GMT|Z)$/;
const HAS_OFFSET = /[+-]\d{2}:?\d{2}$/;
/** A longer text is no time. */
const TIME_LENGTH_MAX = 64;
const LEVEL_LENGTH_MAX = 32;

/** Lower-case names of syslog, of the loggers of many languages, of databases and of platforms. */
const LEVEL_NAMES: ReadonlyMap<string, Level> = new Map(
  (
    [
      ["debug", "trace debug verbose silly finest finer fine config d t v dbg trc vrb"],
      ["info", "info information informational notice note log http input data help success default i n inf"],
      ["warn", "warn warning w wrn"],
      ["error", "error err e fatal critical crit alert emerg emergency panic dpanic severe fail failure fault f c ftl"],
    ] as const
  ).flatMap(([level, names]) => names.split(" ").map((name) => [name, level] as const)),
);
/** What stands before and after a name that was coloured for a terminal. */
const ESCAPE = "\u001b";
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, "g");
/** Steps within a level: "DEBUG-4" of Go's slog, "trace8" of Apache, "INFO2" of OpenTelemetry. */
const STEP = /^([a-z]{3,})[+-]?\d+$/;

/**
 * The level that a value means: a name in any case, a number of syslog (0 emergency to 7 debug), of pino and Bunyan
 * (10 trace to 60 fatal) or of Monolog (100 debug to 600 emergency), or such a number as text.
 */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === "number") return levelOfNumber(value);
  if (typeof value !== "string" || value.length > LEVEL_LENGTH_MAX) return undefined;
  return LEVEL_NAMES.get(value) ?? levelOfText(value);
}

/** The level of OpenTelemetry's severity number, 1 to 24; undefined for everything else. */
export function levelOfSeverity(value: unknown): Level | undefined {
  if (typeof value !== "number" || !(value >= 1 && value <= 24)) return undefined;
  return value <= 8 ? "debug" : value <= 12 ? "info" : value <= 16 ? "warn" : "error";
}

function levelOfText(text: string): Level | undefined {
  const name = text.replaceAll(COLOUR, "").trim().toLowerCase();
  const level = LEVEL_NAMES.get(name);
  if (level !== undefined) return level;
  if (NUMBER.test(name)) return levelOfNumber(Number(name));
  return LEVEL_NAMES.get(STEP.exec(name)?.[1] ?? "");
}

function levelOfNumber(number: number): Level | undefined {
  if (!Number.isInteger(number) || number < 0 || number > 600) return undefined;
  if (number <= 7) return number <= 3 ? "error" : number === 4 ? "warn" : number <= 6 ? "info" : "debug";
  if (number < 100) return number < 10 ? undefined : number < 30 ? "debug" : number < 40 ? "info" : pinoAbove(number);
  return number < 200 ? "debug" : number < 300 ? "info" : number < 400 ? "warn" : "error";
}

function pinoAbove(number: number): Level {
  return number < 50 ? "warn" : "error";
}

const UTC = new TimeZone("UTC");

/**
 * The instant that a value means, Unix ms: a number in s, ms, µs or ns by its magnitude, such a number as text, or ISO
 * 8601 with a time of day, in UTC where it names no offset. It is as exact as a double holds it.
 */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return timeOfNumber(value);
  if (typeof value !== "string" || value.length > TIME_LENGTH_MAX) return undefined;
  if (PLAIN_ISO.test(value)) {
    const parsed = Date.parse(value);
    if (!Number.isNaN(parsed)) return parsed;
  }
  const text = value.trim();
  return NUMBER.test(text) ? shifted(text, Number(text)) : timeOfCalendar(text);
}

/** Of nanoseconds since 1970 as decimal digits, Unix ms. */
export function timeOfNanoseconds(digits: string): number | undefined {
  return /^\d{1,21}$/.test(digits) ? withinTime(Number(`${digits}e-6`)) : undefined;
}

function timeOfNumber(number: number): number | undefined {
  if (number >= MILLISECONDS_MIN && number < MICROSECONDS_MIN) return number;
  if (number < MILLISECONDS_MIN && Number.isInteger(number)) {
    return number >= SECONDS_MIN ? number * 1_000 : undefined;
  }
  return shifted(String(number), number);
}

/** The decimal point is moved in the text, since a product or a quotient would be rounded once more. */
function shifted(text: string, number: number): number | undefined {
  if (number < SECONDS_MIN) return undefined;
  if (number < MILLISECONDS_MIN) return Number(`${text}e3`);
  if (number < MICROSECONDS_MIN) return number;
  if (text.includes("e")) return undefined;
  return withinTime(Number(`${text}${number < NANOSECONDS_MIN ? "e-3" : "e-6"}`));
}

function withinTime(instant: number): number | undefined {
  return instant <= TIME_MS_MAX ? instant : undefined;
}

/** A day alone is no instant. */
function timeOfCalendar(text: string): number | undefined {
  const zoned = ZONE_NAME.test(text) ? withoutZoneName(text) : text;
  const read = readTime(zoned.toUpperCase().replace(SLASHED, "$1-$2-$3"), UTC);
  return read.ok && !read.value.isDay ? read.value.from : undefined;
}

function withoutZoneName(text: string): string {
  const bare = text.replace(ZONE_NAME, "");
  return HAS_OFFSET.test(bare) ? bare : `${bare}Z`;
}
