// Levels and times as loggers write them. In: any JSON value. Out: a level of the specification, or Unix ms; undefined
// for what is neither.

import { readTime } from "../core/instant.ts";
import { TIME_MS_MAX } from "../core/limits.ts";
import type { Level } from "../core/record.ts";
import { TimeZone } from "../core/time_zone.ts";

/** Below these magnitudes a number of today is in s, ms and µs; from the last one on in ns. */
const SECONDS_MAX = 1e11;
const MILLISECONDS_MAX = 1e14;
const MICROSECONDS_MAX = 1e17;

const NUMBER = /^-?\d+(?:\.\d+)?$/;
/** What Date.parse reads exactly: up to a thousandth, in UTC. */
const PLAIN_ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;
/** A longer text is no time. */
const TIME_LENGTH_MAX = 64;
const LEVEL_LENGTH_MAX = 16;

/** Lower-case names of syslog, of the loggers of many languages, and of logcat. */
const LEVEL_NAMES: ReadonlyMap<string, Level> = new Map(
  (
    [
      ["debug", "trace debug verbose silly finest finer fine config d t v"],
      ["info", "info information informational notice log http input data help success i"],
      ["warn", "warn warning w"],
      ["error", "error err e fatal critical crit alert emerg emergency panic dpanic severe fail failure f"],
    ] as const
  ).flatMap(([level, names]) => names.split(" ").map((name) => [name, level] as const)),
);

/**
 * The level that a value means: a name in any case, a number of syslog (0 emergency to 7 debug) or of pino and Bunyan
 * (10 trace to 60 fatal), or such a number as text.
 */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === "number") return levelOfNumber(value);
  if (typeof value !== "string" || value.length > LEVEL_LENGTH_MAX) return undefined;
  const name = value.trim().toLowerCase();
  return LEVEL_NAMES.get(name) ?? (NUMBER.test(name) ? levelOfNumber(Number(name)) : undefined);
}

function levelOfNumber(number: number): Level | undefined {
  if (number >= 10) return number < 30 ? "debug" : number < 40 ? "info" : number < 50 ? "warn" : "error";
  if (!Number.isInteger(number) || number < 0 || number > 7) return undefined;
  return number <= 3 ? "error" : number === 4 ? "warn" : number <= 6 ? "info" : "debug";
}

const UTC = new TimeZone("UTC");

/**
 * The instant that a value means, Unix ms: a number in s, ms, µs or ns by its magnitude, such a number as text, or ISO
 * 8601, in UTC where it names no offset. A fraction of a millisecond stays as far as a double has it.
 */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === "number") return timeOfNumber(value);
  if (typeof value !== "string" || value.length > TIME_LENGTH_MAX) return undefined;
  if (PLAIN_ISO.test(value)) {
    const parsed = Date.parse(value);
    if (!Number.isNaN(parsed)) return parsed;
  }
  const text = value.trim();
  if (NUMBER.test(text)) return timeOfDigits(text);
  const read = readTime(text, UTC);
  return read.ok ? read.value.from : undefined;
}

function timeOfNumber(number: number): number | undefined {
  const size = Math.abs(number);
  const instant =
    size < SECONDS_MAX
      ? number * 1_000
      : size < MILLISECONDS_MAX
        ? number
        : size < MICROSECONDS_MAX
          ? number / 1_000
          : number / 1_000_000;
  return Math.abs(instant) <= TIME_MS_MAX ? instant : undefined;
}

/** Nanoseconds have more digits than a double, so their milliseconds are cut off first. */
function timeOfDigits(text: string): number | undefined {
  return Math.abs(Number(text)) >= MICROSECONDS_MAX && /^\d+$/.test(text)
    ? nanosecondsOf(text)
    : timeOfNumber(Number(text));
}

/** The instant of a decimal number of nanoseconds, Unix ms. */
export function nanosecondsOf(digits: string): number | undefined {
  const instant = Number(digits.slice(0, -6)) + Number(digits.slice(-6)) / 1_000_000;
  return instant <= TIME_MS_MAX ? instant : undefined;
}
