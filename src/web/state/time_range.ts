// The chosen time range: as the address holds it ("from" and "to"), as the read API takes it, and as a label. A
// relative range moves with time; an absolute one has fixed ends.

import { type Clocks, formatSecond } from "../../core/format.ts";
import { instantText, parseInterval, readBound } from "../../core/instant.ts";
import { DAY_MS } from "../../core/limits.ts";
import { localTimeZone, TIME_ZONE_DEFAULT, TimeZone } from "../../core/time_zone.ts";
import type { Address, ParameterChanges, Parameters } from "./router.ts";
import { traceOf } from "./trace_address.ts";

/** Times in Unix ms. */
export type TimeRange =
  /** As the API takes it: "15m". */
  | { readonly kind: "last"; readonly text: string; readonly lengthMs: number }
  /** Undefined: open end. */
  | { readonly kind: "between"; readonly from: number | undefined; readonly to: number | undefined };

export interface Preset {
  readonly text: string;
  readonly label: string;
}

/** The relative ranges that the header offers, shortest first. */
export const PRESETS: readonly Preset[] = [
  { text: "15m", label: "Last 15 minutes" },
  { text: "1h", label: "Last hour" },
  { text: "6h", label: "Last 6 hours" },
  { text: "24h", label: "Last 24 hours" },
  { text: "7d", label: "Last 7 days" },
  { text: "30d", label: "Last 30 days" },
];

/** The range when the address names none. */
const RANGE_DEFAULT = "1h";

/** The parameter "from" of a range without ends. */
export const ALL_TIME = "all";

/** A longer range is widened to all times before its end. */
const LENGTH_MS_MAX = 3_650 * DAY_MS;

const LENGTH = /^\d+[smhd]$/;

export interface ReadRange {
  readonly range: TimeRange;
  /** Why the range in the address is not valid. The default is used instead. */
  readonly problem?: string;
}

/**
 * Whether the range has an effect on what an address shows. The others keep it for the next page that has one: what
 * runs now does so in any range.
 */
export function hasRange({ page, parameters, unknownPath }: Address): boolean {
  if (unknownPath !== undefined || traceOf(parameters) !== undefined) return false;
  if (page === "logs" && parameters["near"] !== undefined) return false;
  if (page === "timings" && parameters["tab"] === "running") return false;
  if (page === "alerts" && parameters["form"] !== undefined) return false;
  return page === "overview" || page === "logs" || page === "timings" || page === "alerts";
}

/** The range in an address. `now` in Unix ms: relative bounds count back from it. */
export function readRange(parameters: Parameters, now: number): ReadRange {
  const { from, to } = parameters;
  const zone = shownZone(clocksOf(parameters));
  const fallback = lastOf(RANGE_DEFAULT);
  if (from === undefined && to === undefined) return { range: fallback };
  if (from === ALL_TIME && to === undefined) return { range: { kind: "between", from: undefined, to: undefined } };
  if (to === undefined && from !== undefined && LENGTH.test(from) && parseInterval(from) !== undefined) {
    return { range: lastOf(from) };
  }
  const start = boundOf(from, "from", now, zone);
  const end = boundOf(to, "to", now, zone);
  if ((from !== undefined && start === undefined) || (to !== undefined && end === undefined)) {
    return { range: fallback, problem: "The time range in the link is not valid. Showing the last hour instead." };
  }
  if (start !== undefined && end !== undefined && start >= end) {
    return {
      range: fallback,
      problem: "The time range in the link ends before it starts. Showing the last hour instead.",
    };
  }
  return { range: { kind: "between", from: start, to: end } };
}

/** The parameters of the address for a range. The default needs none. */
export function rangeParameters(range: TimeRange): ParameterChanges {
  if (range.kind === "last") return { from: range.text === RANGE_DEFAULT ? undefined : range.text, to: undefined };
  if (range.from === undefined && range.to === undefined) return { from: ALL_TIME, to: undefined };
  return { from: isoOf(range.from), to: isoOf(range.to) };
}

/** The range as the read API takes it. The server's clock resolves "1h". */
export function rangeQuery(range: TimeRange): { readonly from?: string; readonly to?: string } {
  if (range.kind === "last") return { from: range.text };
  return {
    ...(range.from === undefined ? {} : { from: instantText(range.from) }),
    ...(range.to === undefined ? {} : { to: instantText(range.to) }),
  };
}

/** The ends of a range in Unix ms. Undefined: open. */
export function rangeBounds(range: TimeRange, now: number): { from: number | undefined; to: number | undefined } {
  return range.kind === "last" ? { from: now - range.lengthMs, to: now } : { from: range.from, to: range.to };
}

/**
 * A wider range: the next longer preset, or two fixed ends with as much again before and after, but nothing after
 * `now`. Undefined: there is none.
 */
export function widened(range: TimeRange, now: number): TimeRange | undefined {
  if (range.kind === "last") {
    return PRESETS.map(({ text }) => lastOf(text)).find((preset) => lengthOf(preset, now) > range.lengthMs);
  }
  const { from, to } = range;
  if (from === undefined) return undefined;
  const lengthMs = lengthOf(range, now);
  const wider = lengthMs > LENGTH_MS_MAX ? undefined : from - lengthMs;
  return { kind: "between", from: wider, to: to === undefined ? to : Math.max(to, Math.min(to + lengthMs, now)) };
}

/** In ms; up to `now` for a range without an end. */
function lengthOf(range: TimeRange, now: number): number {
  if (range.kind === "last") return range.lengthMs;
  return Math.abs((range.to ?? now) - (range.from ?? now));
}

/** Whether a range has an instant. Both in Unix ms. */
export function isWithin(time: number, range: TimeRange, now: number): boolean {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = rangeBounds(range, now);
  return time >= from && time <= to;
}

/** Whether two ranges are the same, as the address holds them. */
export function isSameRange(a: TimeRange, b: TimeRange): boolean {
  return JSON.stringify(rangeParameters(a)) === JSON.stringify(rangeParameters(b));
}

/** "Last hour", "2026-01-31 12:00:00 – now". */
export function rangeLabel(range: TimeRange, clocks: Clocks): string {
  if (range.kind === "last") return PRESETS.find(({ text }) => text === range.text)?.label ?? `Last ${range.text}`;
  if (range.from === undefined && range.to === undefined) return "All time";
  const from = range.from === undefined ? "the beginning" : formatSecond(range.from, clocks);
  return `${from} – ${range.to === undefined ? "now" : formatSecond(range.to, clocks)}`;
}

/** A relative range: "15m". Throws RangeError for a text that is no length of time. */
export function lastOf(text: string): TimeRange {
  const lengthMs = parseInterval(text);
  if (lengthMs === undefined) throw new RangeError(`${text} is not a length of time`);
  return { kind: "last", text, lengthMs };
}

/** The clocks that an address names: "clocks=utc", or local ones. */
export function clocksOf({ clocks }: Parameters): Clocks {
  return clocks === "utc" ? "utc" : "local";
}

/** The time zone of times without an offset. */
export function shownZone(clocks: Clocks): TimeZone {
  return new TimeZone(clocks === "utc" ? TIME_ZONE_DEFAULT : localTimeZone());
}

/** A bound in Unix ms. Undefined when it cannot be parsed. */
function boundOf(text: string | undefined, side: "from" | "to", now: number, zone: TimeZone): number | undefined {
  if (text === undefined) return undefined;
  const read = readBound(text, side, now, zone);
  return read.ok ? read.value : undefined;
}

function isoOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
