// Times at the beginning of a syslog message, in the forms that senders use: "Nov 29 17:49:48" of RFC 3164, the same
// with a year, a fraction or a zone, Cisco's with a mark, and ISO 8601. A time without a year is in the year that
// brings it nearest to its receipt, but not more than a day after it, where no record may be. A time without a zone is
// in the listener's, which is UTC unless it is configured.

import { readTime } from "../core/instant.ts";
import { DAY_MS, FUTURE_MS_MAX } from "../core/limits.ts";
import { TimeZone } from "../core/time_zone.ts";

/** A time that was found at the beginning of a text. */
export interface FoundTime {
  /** Unix ms; undefined: there is no such time, or the sender's clock is not set. */
  readonly instant: number | undefined;
  /** As it is written. */
  readonly text: string;
  /** Characters up to what follows, white space and the colon of Cisco included. */
  readonly length: number;
}

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
/** Hours from UTC of the names that senders write; others may be a host. */
const ZONE_HOURS: ReadonlyMap<string, number> = new Map(
  (
    "UTC 0 GMT 0 Z 0 WET 0 WEST 1 BST 1 CET 1 CEST 2 EET 2 EEST 3 MSK 3 JST 9 AEST 10 AEDT 11 " +
    "EST -5 EDT -4 CST -6 CDT -5 MST -7 MDT -6 PST -8 PDT -7"
  )
    .match(/\w+ \S+/g)
    ?.map((zone) => zone.split(" "))
    .map(([name = "", hours]) => [name, Number(hours)]),
);
/** Mark, year, month, day, year, time, fraction, zone, year. */
const CALENDAR =
  /^([*.]?)(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:(\d{4}) )?([A-Za-z]{3}) {1,2}(\d{1,2})(?: (\d{4}))? (\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?: ([A-Z]{1,4}|[+-]\d{2}:?\d{2})(?=:? ))?(?: ((?:19|20)\d{2})(?=:? ))?(?::?(?: +|$))/;
const ISO =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(?: ?([Zz]|[+-]\d{2}(?::?\d{2})?))?(?::?(?: +|$))/;
/** Offsets change at whole quarters of an hour. */
const QUARTER_MS = 15 * 60_000;

/** Reads times for one listener, in its zone. */
export class SyslogTimes {
  readonly #zone: TimeZone;
  /** When the message was received, Unix ms. */
  receivedAt = 0;
  /** The quarter that was asked for last, and the local time in it minus UTC: most messages of a batch share it. */
  #quarter = Number.NaN;
  #offsetMs = 0;

  constructor(zone: string | null) {
    this.#zone = new TimeZone(zone ?? undefined);
  }

  /** The time at the beginning of a text; undefined where there is none. */
  at(text: string): FoundTime | undefined {
    return this.#iso(text) ?? this.#calendar(text);
  }

  #iso(text: string): FoundTime | undefined {
    const parts = ISO.exec(text);
    if (parts === null) return undefined;
    const [all, date = "", time = "", fraction, offset] = parts;
    // A leap second is the next one, which readTime has not.
    const isLeap = time.endsWith(":60");
    const written = `${date}T${isLeap ? time.replace(/60$/, "59") : time}${fraction === undefined ? "" : `.${fraction}`}`;
    const read = readTime(`${written}${offset?.toUpperCase() ?? "Z"}`, this.#zone);
    const found = read.ok ? read.value.from + (isLeap ? 1_000 : 0) : undefined;
    const instant = found !== undefined && offset === undefined ? this.#instantOf(found) : found;
    return { instant, text: all.replace(/:? *$/, ""), length: all.length };
  }

  #calendar(text: string): FoundTime | undefined {
    const parts = CALENDAR.exec(text);
    if (parts === null) return undefined;
    const [all, mark, yearBefore, monthName = "", day, yearWithin, hours, minutes, seconds, fraction, zone, yearAfter] =
      parts;
    const month = MONTHS.indexOf(monthName.toLowerCase());
    if (month === -1 || (zone !== undefined && zoneMs(zone) === undefined))
      return this.#withoutZone(text, month, parts);
    const year = yearBefore ?? yearWithin ?? yearAfter;
    const timeOfDay = timeOfDayOf(Number(hours), Number(minutes), Number(seconds), fraction);
    const local = this.#localOf(year === undefined ? undefined : Number(year), month, Number(day), timeOfDay);
    const offsetMs = zone === undefined ? undefined : zoneMs(zone);
    let instant = local === undefined || offsetMs === undefined ? local : local - offsetMs;
    if (local !== undefined && offsetMs === undefined) instant = this.#instantOf(local);
    // The mark says that the clock is not set, or has lost its source: a time far off is none.
    if (mark === "*" && instant !== undefined && Math.abs(instant - this.receivedAt) > DAY_MS) instant = undefined;
    return { instant, text: all.replace(/:? *$/, ""), length: all.length };
  }

  /** Where the word after the time is no zone, it is a host or a tag. */
  #withoutZone(text: string, month: number, { 0: all, 10: zone = "" }: RegExpExecArray): FoundTime | undefined {
    if (month === -1) return undefined;
    const zoneAt = all.lastIndexOf(` ${zone}`);
    const found = this.#calendar(`${text.slice(0, zoneAt)} `);
    return found === undefined ? undefined : { ...found, length: zoneAt + 1 };
  }

  /** A local time as if it were UTC; without a year, the one nearest to the receipt. Undefined: there is none such. */
  #localOf(year: number | undefined, month: number, day: number, timeOfDay: number): number | undefined {
    if (Number.isNaN(timeOfDay)) return undefined;
    const received = new Date(this.receivedAt).getUTCFullYear();
    const years = year === undefined ? [received - 1, received, received + 1] : [year];
    let nearest: number | undefined;
    for (const candidate of years) {
      const midnight = Date.UTC(candidate, month, day);
      if (new Date(midnight).getUTCDate() !== day) continue;
      const local = midnight + timeOfDay;
      const isAhead = year === undefined && local > this.receivedAt + FUTURE_MS_MAX;
      if (!isAhead && (nearest === undefined || this.#distance(local) < this.#distance(nearest))) nearest = local;
    }
    return nearest;
  }

  #distance(instant: number): number {
    return Math.abs(instant - this.receivedAt);
  }

  #instantOf(local: number): number {
    const quarter = Math.floor(local / QUARTER_MS) * QUARTER_MS;
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offsetMs = quarter - this.#zone.instantOf(quarter);
    }
    return local - this.#offsetMs;
  }
}

/** In ms; NaN for none that a clock shows. A leap second is the next one. */
function timeOfDayOf(hours: number, minutes: number, seconds: number, fraction = ""): number {
  if (hours > 23 || minutes > 59 || seconds > 60) return Number.NaN;
  return (
    ((hours * 60 + minutes) * 60 + seconds) * 1_000 +
    Number(`${fraction.slice(0, 3).padEnd(3, "0")}.${fraction.slice(3)}0`)
  );
}

/** What a zone's time is ahead of UTC, in ms; undefined for a name that is no zone's. */
function zoneMs(zone: string): number | undefined {
  const hours = ZONE_HOURS.get(zone);
  if (hours !== undefined) return hours * 3_600_000;
  if (!/^[+-]/.test(zone)) return undefined;
  const ms = (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000;
  return zone.startsWith("-") ? -ms : ms;
}
