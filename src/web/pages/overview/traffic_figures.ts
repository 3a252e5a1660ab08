// Counts by bucket to what the overview tells of them: entries a minute by level, and the share of errors among the logs. A timing is
// no log, whatever level was sent with it.

import { parseInterval } from "../../../core/instant.ts";
import type { HistogramAnswer, HistogramBucket } from "../../../core/responses.ts";
import { rangeBounds, type TimeRange } from "../../state/time_range.ts";

const MINUTE_MS = 60_000;
/** Ranges of such a length are counted minute by minute, in ms. */
const BY_MINUTE_MS_MIN = 10 * MINUTE_MS;
const BY_MINUTE_MS_MAX = 120 * MINUTE_MS;
/** A relative range is asked anew each time so small a part of it has gone by, in these bounds in ms. */
const POLL_SHARE = 1 / 720;
const POLL_MS_MIN = 2_500;
const POLL_MS_MAX = 60_000;

/** What a bucket counts, in the order of the stack from the bottom up: errors stand on the ground, where they are compared best. */
export const TRAFFIC_KINDS = ["error", "warn", "info", "debug", "timing"] as const;

export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

export interface Traffic {
  /** Starts of the buckets, Unix ms. */
  readonly times: readonly number[];
  /** Entries a minute, one number a bucket. */
  readonly rates: Readonly<Record<TrafficKind, readonly number[]>>;
  /** Errors among the logs of each bucket, 0 to 1; null where there is no log. */
  readonly errorShares: readonly (number | null)[];
  readonly entries: number;
  readonly logs: number;
  readonly errors: number;
  readonly timings: number;
  /** Of all logs, 0 to 1; null where there is none. */
  readonly errorShare: number | null;
  /** Entries a minute over all buckets. */
  readonly rate: number;
}

export function trafficOf({ buckets, interval }: HistogramAnswer): Traffic {
  const minutes = interval / MINUTE_MS;
  const ratesOf = (kind: TrafficKind) => buckets.map((bucket) => bucket[kind] / minutes);
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

/** The interval to ask for: a minute where that draws well, else the server's choice. */
export function trafficInterval(range: TimeRange, now: number): "1m" | undefined {
  const { from, to } = rangeBounds(range, now);
  if (from === undefined) return undefined;
  const lengthMs = (to ?? now) - from;
  return lengthMs >= BY_MINUTE_MS_MIN && lengthMs <= BY_MINUTE_MS_MAX ? "1m" : undefined;
}

/** How long an answer about a range stays good, in ms; undefined where the range has ended. */
export function pollOf(range: TimeRange, now: number): number | undefined {
  if (range.kind === "between" && range.to !== undefined && range.to <= now) return undefined;
  const { from = 0 } = rangeBounds(range, now);
  return Math.min(Math.max((now - from) * POLL_SHARE, POLL_MS_MIN), POLL_MS_MAX);
}

/** The range with as much again before and behind it; nothing past `now`. Undefined where it has no two ends to move. */
export function widened(range: TimeRange, now: number): TimeRange | undefined {
  if (range.kind === "last" || range.from === undefined || range.to === undefined) return undefined;
  const lengthMs = range.to - range.from;
  return { kind: "between", from: range.from - lengthMs, to: Math.max(range.to, Math.min(range.to + lengthMs, now)) };
}

/** The shortest of these lengths ("15m") that reaches back to an instant; undefined where none does. */
export function lengthReaching<T extends { readonly text: string }>(
  time: number,
  now: number,
  lengths: readonly T[],
): T | undefined {
  // A little beforehand, so that the entry does not leave while somebody looks.
  return lengths.find(({ text }) => now - (parseInterval(text) ?? 0) * 0.9 < time);
}

/** "0", "0.2", "12.5", "1,234". */
export function formatRate(rate: number): string {
  const decimals = rate < 1 ? 2 : rate < 100 ? 1 : 0;
  const rounded = Number(rate.toFixed(decimals));
  return rate > 0 && rounded === 0 ? "<0.01" : rounded.toLocaleString("en", { maximumFractionDigits: decimals });
}

/** A share from 0 to 1: "0 %", "<0.1 %", "2.3 %", "45 %"; never 0 % or 100 % unless it is. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  if (percent > 99.9 && percent < 100) return ">99.9 %";
  const decimals = percent < 9.95 || (percent > 99 && percent < 100) ? 1 : 0;
  return `${Number(percent.toFixed(decimals)).toLocaleString("en")} %`;
}

function logsOf({ debug, info, warn, error }: HistogramBucket): number {
  return debug + info + warn + error;
}

function shareOf(part: number, all: number): number | null {
  return all === 0 ? null : part / all;
}
