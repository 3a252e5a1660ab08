// The time range that everything is shown for: as the address has it ("from" and "to"), as the read API takes it, and as people
// read it. A length before now moves along with time; two instants stand still.

import { instantText, parseInterval, readBound } from "../../core/instant.ts";
import { localTimeZone, TimeZone } from "../../core/time_zone.ts";
import type { ParameterChanges, Parameters } from "./router.ts";

/** Times in Unix ms. */
export type TimeRange =
  /** As the API writes it: "15m". */
  | { readonly kind: "last"; readonly text: string; readonly lengthMs: number }
  /** Undefined: open at this end. */
  | { readonly kind: "between"; readonly from: number | undefined; readonly to: number | undefined };

export interface Preset {
  readonly text: string;
  readonly label: string;
  /** Fits a button. */
  readonly short: string;
}

export const PRESETS: readonly Preset[] = [
  { text: "15m", short: "15m", label: "Last 15 minutes" },
  { text: "1h", short: "1h", label: "Last hour" },
  { text: "6h", short: "6h", label: "Last 6 hours" },
  { text: "24h", short: "24h", label: "Last 24 hours" },
  { text: "7d", short: "7d", label: "Last 7 days" },
  { text: "30d", short: "30d", label: "Last 30 days" },
];

/** What is shown when an address names no range. */
const RANGE_DEFAULT = "1h";

const LENGTH = /^\d+[smhd]$/;

export interface ReadRange {
  readonly range: TimeRange;
  /** Why the address's own range could not be taken: the default stands in its place. */
  readonly problem?: string;
}

/** The range that an address names. `now` is what a length is before, where it has an end as well. */
export function readRange({ from, to }: Parameters, now: number): ReadRange {
  const fallback = lastOf(RANGE_DEFAULT);
  if (from === undefined && to === undefined) return { range: fallback };
  if (to === undefined && from !== undefined && LENGTH.test(from) && parseInterval(from) !== undefined) {
    return { range: lastOf(from) };
  }
  const start = boundOf(from, "from", now);
  const end = boundOf(to, "to", now);
  if ((from !== undefined && start === undefined) || (to !== undefined && end === undefined)) {
    return { range: fallback, problem: "The link's time range is not understood: the last hour is shown instead." };
  }
  if (start !== undefined && end !== undefined && start >= end) {
    return { range: fallback, problem: "The link's time range ends before it begins: the last hour is shown instead." };
  }
  return { range: { kind: "between", from: start, to: end } };
}

/** The range in an address; the default needs no words there. */
export function rangeParameters(range: TimeRange): ParameterChanges {
  if (range.kind === "last") return { from: range.text === RANGE_DEFAULT ? undefined : range.text, to: undefined };
  return { from: isoOf(range.from), to: isoOf(range.to) };
}

/** The range as the read API takes it. The server's clock decides what "1h" ago is. */
export function rangeQuery(range: TimeRange): { readonly from?: string; readonly to?: string } {
  if (range.kind === "last") return { from: range.text };
  return {
    ...(range.from === undefined ? {} : { from: instantText(range.from) }),
    ...(range.to === undefined ? {} : { to: instantText(range.to) }),
  };
}

/** The range's ends in Unix ms; undefined where it is open. */
export function rangeBounds(range: TimeRange, now: number): { from: number | undefined; to: number | undefined } {
  return range.kind === "last" ? { from: now - range.lengthMs, to: now } : { from: range.from, to: range.to };
}

/** "15m" as a range. Throws RangeError for anything that is no length of time. */
export function lastOf(text: string): TimeRange {
  const lengthMs = parseInterval(text);
  if (lengthMs === undefined) throw new RangeError(`${text} is no length of time`);
  return { kind: "last", text, lengthMs };
}

/** In the browser's time zone; undefined where it is not understood. */
function boundOf(text: string | undefined, side: "from" | "to", now: number): number | undefined {
  if (text === undefined) return undefined;
  const read = readBound(text, side, now, new TimeZone(localTimeZone()));
  return read.ok ? read.value : undefined;
}

function isoOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
