// What clocks on the wall of a time zone show, and back. Offsets come from the engine's own time zone data, by IANA
// name.
//
// A local time that is skipped (clocks go forward) is read with the offset before the gap, so that 02:30 is 03:30; one
// that comes twice (clocks go back) is the first of the two. This is what ISO's successors call "compatible" (RFC 9557,
// Temporal) and what Date does. A day is from the first instant of its date to the first instant of the next one's, so
// it may have 23 or 25 hours.

import { assert } from "./errors.ts";
import { DAY_MS } from "./limits.ts";

/** Names have this form; which there are the engine knows. Offsets such as "+02:00" are no names. */
export const TIME_ZONE_PATTERN = "^[A-Za-z][A-Za-z0-9_+/-]{0,63}$";
export const TIME_ZONE_EXPECTED = 'the name of an IANA time zone ("Europe/Berlin", "UTC")';
export const TIME_ZONE_DEFAULT = "UTC";

/**
 * No offset is so large, and no zone changes its offset twice within this time: on both sides of a local time it is
 * known.
 */
const FAR_MS = 1.5 * DAY_MS;
const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

export function isTimeZone(name: string): boolean {
  if (!new RegExp(TIME_ZONE_PATTERN).test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** The zone of this machine, or of the browser. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** As localTimeZone, to be sent: undefined where it is what is meant without. */
export function sentTimeZone(): string | undefined {
  const name = localTimeZone();
  return name === TIME_ZONE_DEFAULT ? undefined : name;
}

export class TimeZone {
  readonly name: string;
  #format: Intl.DateTimeFormat | undefined;

  /** @param name of a time zone that there is. */
  constructor(name: string = TIME_ZONE_DEFAULT) {
    this.name = name;
  }

  /** Local time minus UTC at an instant, in ms. */
  offsetMs(instant: number): number {
    if (this.name === TIME_ZONE_DEFAULT) return 0;
    this.#format ??= new Intl.DateTimeFormat("en-US", { timeZone: this.name, timeZoneName: "longOffset" });
    const text = this.#format.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const parts = OFFSET.exec(text);
    assert(parts !== null, "an offset is GMT, or GMT with hours and minutes");
    const [, sign = "+", hours = "0", minutes = "0", seconds = "0"] = parts;
    return (sign === "-" ? -1_000 : 1_000) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
  }

  /** The instant of a local time, which is given as if it were UTC; Unix ms. */
  instantOf(local: number): number {
    const { before, instants } = this.#instantsOf(local);
    return instants[0] ?? local - before;
  }

  /** The first instant whose date is not before that of a local midnight, given as if it were UTC; Unix ms. */
  startOfDay(midnight: number): number {
    const { before, after, instants } = this.#instantsOf(midnight);
    const [first] = instants;
    if (first !== undefined) return first;
    // Midnight is skipped: the day begins where the clocks are changed.
    let [earlier, later] = [midnight - after, midnight - before];
    while (later - earlier > 1) {
      const middle = Math.floor((earlier + later) / 2);
      if (this.offsetMs(middle) === before) earlier = middle;
      else later = middle;
    }
    return later;
  }

  /** The instants at which clocks show this, and the offsets around. */
  #instantsOf(local: number): { readonly before: number; readonly after: number; readonly instants: number[] } {
    const before = this.offsetMs(local - FAR_MS);
    const after = this.offsetMs(local + FAR_MS);
    const offsets = before === after ? [before] : [before, after];
    const instants = offsets
      .filter((offset) => this.offsetMs(local - offset) === offset)
      .map((offset) => local - offset);
    return { before, after, instants: instants.sort((a, b) => a - b) };
  }
}
