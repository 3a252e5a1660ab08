// Time ranges as people type them: "3h", "yesterday", "12:00 to 13:00", "since 2026-01-31 14:00". A text enters, a
// range or what may have been meant leaves. A length counts back from now; a day is the whole day, a minute the whole
// minute.

import { readTime, type TimeReading, type WrittenTime } from "../../core/instant.ts";
import { DAY_MS } from "../../core/limits.ts";
import type { TimeZone } from "../../core/time_zone.ts";
import { lastOf, type TimeRange } from "./time_range.ts";

/** What readRangeText takes, for people. */
export const RANGE_EXPECTED = "a length (3h), a day (yesterday, 2026-01-31), or two times (12:00 to 13:00)";

const UNITS: readonly (readonly [pattern: RegExp, unit: "s" | "m" | "h" | "d", factor: number])[] = [
  [/^s(ec(ond)?s?)?$/, "s", 1],
  [/^m(in(ute)?s?)?$/, "m", 1],
  [/^h((ou)?rs?)?$/, "h", 1],
  [/^d(ays?)?$/, "d", 1],
  [/^w(eeks?)?$/, "d", 7],
];
const LENGTH = /^(?:the )?(last |past )?(\d{1,9})? ?([a-z]+?)( ago)?$/;
const SINCE = /^(?:since|from|after) (.+)$/;
const UNTIL = /^(?:until|till|to|before) (.+)$/;
const BETWEEN = /^(?:between (.+) and|(?:from )?(.+?)(?: (?:to|until|till|-)| ?(?:–|—|\.\.|→|->|,))) ?(.+)$/;
const DAY_NAME = /^(today|yesterday)\b/;
const TIME_OF_DAY = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$/;
/** Around an instant that has no length of its own, in ms on each side. */
const AROUND_MS = 30_000;

/** The range that a text means. `now` in Unix ms; times without an offset are in `zone`. */
export function readRangeText(text: string, now: number, zone: TimeZone): TimeReading<TimeRange> {
  const typed = text.trim().replaceAll(/\s+/g, " ").toLowerCase();
  const length = lengthOf(typed);
  if (length !== undefined && !typed.endsWith(" ago")) return { ok: true, value: lastOf(length) };
  const moments = new Moments(now, zone);
  const [, a, b, second] = BETWEEN.exec(typed) ?? [];
  const first = a ?? b;
  if (first !== undefined && second !== undefined) return moments.between(first, second);
  const [, since] = SINCE.exec(typed) ?? [];
  if (since !== undefined) return moments.open(since, "from");
  const [, until] = UNTIL.exec(typed) ?? [];
  return until === undefined ? moments.around(typed) : moments.open(until, "to");
}

/** "3 hours", "last week" or "90m" as a relative range holds it: "3h", "7d", "90m". Undefined: no length. */
function lengthOf(text: string): string | undefined {
  const [, last, digits, word = ""] = LENGTH.exec(text) ?? [];
  const unit = UNITS.find(([pattern]) => pattern.test(word));
  // "h" alone is no hour, "last hour" is.
  if (unit === undefined || (digits === undefined && last === undefined)) return undefined;
  const count = Number(digits ?? 1) * unit[2];
  const length = `${count}${unit[1]}`;
  try {
    lastOf(length);
    return length;
  } catch {
    return undefined;
  }
}

/** Reads single times, relative to now. */
class Moments {
  readonly #now: number;
  readonly #zone: TimeZone;

  constructor(now: number, zone: TimeZone) {
    this.#now = now;
    this.#zone = zone;
  }

  /** From one time to another. A time of day alone is today's, or on the day of the other one; the latest that fits. */
  between(first: string, second: string): TimeReading<TimeRange> {
    const areTimes = TIME_OF_DAY.test(first) && TIME_OF_DAY.test(second);
    const day = DAY_NAME.exec(first)?.[0] ?? /^\d{4}-\d{2}-\d{2}/.exec(first)?.[0];
    const start = this.#read(first);
    if (!start.ok) return start;
    const written = day !== undefined && TIME_OF_DAY.test(second) ? `${day} ${second}` : second;
    const end = written === "now" ? undefined : this.#read(written);
    if (end?.ok === false) return end;
    let from = start.value.from;
    let to = end === undefined ? undefined : end.value.isDay ? end.value.to : end.value.from;
    if (areTimes && to !== undefined) {
      if (to <= from) to = this.#daysLater(second, 1);
      // "23:00 to 23:30" in the morning was yesterday.
      if (from > this.#now) {
        from = this.#daysLater(first, -1);
        to = end?.ok === true && end.value.from > start.value.from ? this.#daysLater(second, -1) : end?.value.from;
      }
    }
    if (to !== undefined && from >= to) return { ok: false, hint: "the end must be after the start" };
    return { ok: true, value: { kind: "between", from, to } };
  }

  /** From a time on, or up to it. */
  open(text: string, side: "from" | "to"): TimeReading<TimeRange> {
    const read = this.#read(text);
    if (!read.ok) return read;
    const { from, to, isDay } = read.value;
    if (side === "from") return { ok: true, value: { kind: "between", from, to: undefined } };
    return { ok: true, value: { kind: "between", from: undefined, to: isDay && text !== "today" ? to : from } };
  }

  /** A time with its own length. Today has no end yet. */
  around(text: string): TimeReading<TimeRange> {
    const read = this.#read(text);
    if (!read.ok) return read;
    const { from, to, isDay } = read.value;
    if (isDay && to > this.#now) return { ok: true, value: { kind: "between", from, to: undefined } };
    const isInstant = to - from < 1_000;
    const [start, end] = isInstant ? [from - AROUND_MS, from + AROUND_MS] : [from, to];
    return { ok: true, value: { kind: "between", from: start, to: end } };
  }

  #read(text: string): TimeReading<WrittenTime> {
    const length = text.endsWith(" ago") ? lengthOf(text) : undefined;
    if (text === "now" || length !== undefined) {
      const range = length === undefined ? undefined : lastOf(length);
      const time = this.#now - (range?.kind === "last" ? range.lengthMs : 0);
      return { ok: true, value: { from: time, to: time, isDay: false } };
    }
    const dated = text
      .replace(DAY_NAME, (name) => this.#date(name === "today" ? 0 : -1))
      .replace(TIME_OF_DAY, (time) => `${this.#date(0)} ${time}`)
      .replace(/ (\d:)/, " 0$1")
      // What readTime takes in capital letters.
      .toUpperCase();
    const read = readTime(dated, this.#zone);
    return read.ok || read.hint !== "" ? read : { ok: false, hint: `write ${RANGE_EXPECTED}` };
  }

  /** The instant of a time of day, some days from today. */
  #daysLater(timeOfDay: string, days: number): number {
    const read = this.#read(`${this.#date(days)} ${timeOfDay}`);
    return read.ok ? read.value.from : this.#now;
  }

  /** A date some days from today: "2026-01-31". */
  #date(days: number): string {
    return new Date(this.#now + this.#zone.offsetMs(this.#now) + days * DAY_MS).toISOString().slice(0, 10);
  }
}
