// The figures of the overview. From the histogram: entries per minute by level, and the share of errors among the logs;
// a timing is not a log, whatever its level. From the timings: the slowest touchpoints. From usage: whether any entry
// was ever accepted, and each project's use of its monthly limit.

import type { UsageResponse } from "../../../core/account_responses.ts";
import { monthOf, parseInterval } from "../../../core/instant.ts";
import type { HistogramBucket, HistogramResponse, SeriesResponse, TouchpointTimings } from "../../../core/responses.ts";
import type { LevelKind } from "../../components/level_series.ts";
import { type Selection, selectionTerm } from "../../state/selection.ts";
import { rangeBounds, type TimeRange } from "../../state/time_range.ts";

const MINUTE_MS = 60_000;
/** Ranges of this length are counted by the minute, in ms. */
const BY_MINUTE_MS_MIN = 10 * MINUTE_MS;
const BY_MINUTE_MS_MAX = 120 * MINUTE_MS;
/** A relative range is refreshed after this share of its length, within these bounds in ms. */
const POLL_SHARE = 1 / 720;
const POLL_MS_MIN = 2_500;
const POLL_MS_MAX = 60_000;

/** The counts of a time range. */
export interface Traffic {
  /** The start of each bucket, in Unix ms. */
  readonly times: readonly number[];
  /** Entries per minute in each bucket. */
  readonly rates: Readonly<Record<LevelKind, readonly number[]>>;
  /** The share of errors among the logs of each bucket, 0 to 1. Null: no log. */
  readonly errorShares: readonly (number | null)[];
  readonly entries: number;
  readonly logs: number;
  readonly errors: number;
  readonly timings: number;
  /** The share of errors among all logs, 0 to 1. Null: no log. */
  readonly errorShare: number | null;
  /** Entries per minute over all buckets. */
  readonly rate: number;
}

/** The figures of a histogram. */
export function trafficOf({ buckets, interval }: HistogramResponse): Traffic {
  const minutes = interval / MINUTE_MS;
  const ratesOf = (kind: LevelKind) => buckets.map((bucket) => bucket[kind] / minutes);
  const sum = (count: (bucket: HistogramBucket) => number) => buckets.reduce((all, bucket) => all + count(bucket), 0);
  const logs = sum(logsOf);
  const errors = sum(({ error }) => error);
  const timings = sum(({ timing }) => timing);
  const entries = logs + timings;
  return {
    times: buckets.map(({ time }) => time),
    rates: {
      error: ratesOf("error"),
      warn: ratesOf("warn"),
      info: ratesOf("info"),
      debug: ratesOf("debug"),
      timing: ratesOf("timing"),
    },
    errorShares: buckets.map((bucket) => shareOf(bucket.error, logsOf(bucket))),
    entries,
    logs,
    errors,
    timings,
    errorShare: shareOf(errors, logs),
    rate: buckets.length === 0 ? 0 : entries / (minutes * buckets.length),
  };
}

/** The figures of the compared range. Undefined: nothing is compared. */
export function formerTraffic(response: HistogramResponse | undefined): Traffic | undefined {
  const { interval, previousBuckets, previous } = response ?? {};
  if (interval === undefined || previousBuckets === undefined || previous?.kept === "none") return undefined;
  return trafficOf({ interval, buckets: previousBuckets });
}

/** The interval of the histogram: a minute where that draws well. Undefined: the server chooses. */
export function trafficInterval(range: TimeRange, now: number): "1m" | undefined {
  const { from, to } = rangeBounds(range, now);
  if (from === undefined) return undefined;
  const lengthMs = (to ?? now) - from;
  return lengthMs >= BY_MINUTE_MS_MIN && lengthMs <= BY_MINUTE_MS_MAX ? "1m" : undefined;
}

/** How often a range is refreshed, in ms. Undefined: the range has ended. */
export function pollOf(range: TimeRange, now: number): number | undefined {
  if (range.kind === "between" && range.to !== undefined && range.to <= now) return undefined;
  const { from = 0 } = rangeBounds(range, now);
  return Math.min(Math.max((now - from) * POLL_SHARE, POLL_MS_MIN), POLL_MS_MAX);
}

/**
 * The shortest of these lengths ("15m") that reaches back to an instant. Undefined: none does. `time` and `now` in Unix
 * ms.
 */
export function lengthReaching<T extends { readonly text: string }>(
  time: number,
  now: number,
  lengths: readonly T[],
): T | undefined {
  // With a margin, so that the entry does not leave the range at once.
  return lengths.find(({ text }) => now - (parseInterval(text) ?? 0) * 0.9 < time);
}

/** Entries per minute: "0", "0.2", "12.5", "1,234". */
export function formatRate(rate: number): string {
  const decimals = rate < 1 ? 2 : rate < 100 ? 1 : 0;
  const rounded = Number(rate.toFixed(decimals));
  return rate > 0 && rounded === 0 ? "<0.01" : rounded.toLocaleString("en", { maximumFractionDigits: decimals });
}

function logsOf({ debug, info, warn, error }: HistogramBucket): number {
  return debug + info + warn + error;
}

function shareOf(part: number, all: number): number | null {
  return all === 0 ? null : part / all;
}

/** About how many points a sparkline has: few, so that rare timings still make a line. */
const POINTS_WANTED = 24;

/** The touchpoints with the highest p95, highest first. Those without a p95 are left out. */
export function slowest(touchpoints: readonly TouchpointTimings[], count: number): TouchpointTimings[] {
  return touchpoints
    .filter(({ p95 }) => p95 !== null)
    .sort((a, b) => (b.p95 ?? 0) - (a.p95 ?? 0) || compareNames(a, b))
    .slice(0, count);
}

/** By name, then by project. */
function compareNames(a: TouchpointTimings, b: TouchpointTimings): number {
  const [one, other] = a.touchpoint === b.touchpoint ? [a.project, b.project] : [a.touchpoint, b.touchpoint];
  return one < other ? -1 : 1;
}

/** The selection of a touchpoint. "" stands for timings without one. */
export function selectionOf(touchpoint: string): Selection {
  return touchpoint === "" ? { kind: "none" } : { kind: "touchpoint", name: touchpoint };
}

/** A search for the records of these touchpoints. "": there are none. */
export function searchForTouchpoints(names: readonly string[]): string {
  return names.map(termFor).join(" OR ");
}

/** The term for one touchpoint. */
export function termFor(touchpoint: string): string {
  return selectionTerm(selectionOf(touchpoint));
}

/** The interval of a sparkline, in whole ms. Undefined for an open range: the server chooses. */
export function sparklineInterval(range: TimeRange, now: number): number | undefined {
  const { from, to = now } = rangeBounds(range, now);
  return from === undefined || to <= from ? undefined : Math.max(1, Math.ceil((to - from) / POINTS_WANTED));
}

/** The p95 of a project's touchpoint in ms by bucket. Undefined: the response does not have the touchpoint. */
export function p95Series(
  response: SeriesResponse | undefined,
  { project, touchpoint }: Pick<TouchpointTimings, "project" | "touchpoint">,
): (number | null)[] | undefined {
  const found = response?.touchpoints?.find((one) => one.project === project && one.touchpoint === touchpoint);
  return found?.buckets.map(({ p95 }) => p95);
}

/** A project's use of its monthly limit. */
export interface PlanRow {
  readonly project: string;
  /** Entries of the month that count against the limit. */
  readonly admitted: number;
  /** Null: no limit. */
  readonly limit: number | null;
  /** Used share of the limit; above 1 when it is exceeded. Null: no limit. */
  readonly share: number | null;
  readonly overage: number;
  readonly overagePolicy: "continue" | "drop";
  /** Entries that were dropped because the limit was reached. */
  readonly lost: number;
}

/** The rows of the current UTC month: the highest share first, then by count and name. `project` "": all. */
export function planRows({ usage }: UsageResponse, project: string, now: number): PlanRow[] {
  const month = monthOf(now);
  const rows = usage
    .filter((row) => row.month === month && (project === "" || row.project === project))
    .map(({ project, admitted, limit, overage, overagePolicy, dropped }) => ({
      project,
      admitted,
      limit,
      // A limit of 0 is used up from the start.
      share: limit === null ? null : limit === 0 ? 1 : admitted / limit,
      overage,
      overagePolicy,
      lost: overagePolicy === "drop" ? (dropped.quota ?? 0) : 0,
    }));
  return rows.sort(
    (a, b) => (b.share ?? -1) - (a.share ?? -1) || b.admitted - a.admitted || (a.project < b.project ? -1 : 1),
  );
}

/** The elapsed share of the UTC month, 0 to 1. */
export function monthElapsed(now: number): number {
  const at = new Date(now);
  const start = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
  const end = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
  return (now - start) / (end - start);
}

/** Whether any entry was ever accepted: stored, or waiting for its start or end. */
export function hasEntries({ usage, storage }: UsageResponse): boolean {
  return storage.some(({ records }) => records > 0) || usage.some((row) => row.received > droppedOf(row));
}

/** Dropped entries of all projects and months. */
export function droppedEntries({ usage }: UsageResponse): number {
  return usage.reduce((sum, row) => sum + droppedOf(row), 0);
}

/** The time of the newest record of a project, or of all (""), in Unix ms. Undefined: there is no record. */
export function newestRecord({ storage }: UsageResponse, project: string): number | undefined {
  const times = storage
    .filter((row) => project === "" || row.project === project)
    .flatMap(({ newest }) => newest ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function droppedOf({ dropped }: UsageResponse["usage"][number]): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}
