// Time cut into buckets. Each begins at a whole multiple of the interval since 1970 UTC, so that the buckets of two
// responses align.

import type { TimeSpan } from "../../core/compare.ts";
import { BUCKETS_MAX } from "../../core/limits.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { Steps } from "../../core/steps.ts";
import type { ProjectSpan, ScanContext } from "./records.ts";
import type { Scope } from "./scope.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Intervals that people read well, and that divide into one another, so that the time slots of block statistics often
 * fit.
 */
const INTERVALS: readonly number[] = [1, 2, 5, 10, 30]
  .map((count) => count * SECOND)
  .concat(
    [1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
    [1, 2, 3, 6, 12].map((count) => count * HOUR),
    [1, 2, 7, 14, 28, 91, 364].map((count) => count * DAY),
  );
const LONGEST_INTERVAL = 364 * DAY;

/** The most buckets, about, where the request leaves the interval open. */
const BUCKETS_WANTED = 120;

/** `count` buckets of `interval` ms, the first of which begins at `start`, Unix ms. */
export interface Buckets {
  readonly interval: number;
  readonly start: number;
  readonly count: number;
}

/**
 * The times that a response covers. Where the scope has no bound: those of the records, of the other times, and of now.
 * All in Unix ms; `to` is not included.
 */
export function spanOf(
  scope: Scope,
  spans: readonly ProjectSpan[],
  now: number,
  otherTimes: readonly number[] = [],
): { from: number; to: number } {
  let oldest = otherTimes.reduce((least, time) => Math.min(least, time), now);
  let newest = now;
  for (const { project, timeMin, timeMax } of spans) {
    oldest = Math.min(oldest, Math.max(timeMin, scope.shownFrom(project)));
    newest = Math.max(newest, timeMax);
  }
  // A scope that begins in the future and has no end covers its first instant.
  const to = scope.to === Number.POSITIVE_INFINITY ? Math.floor(Math.max(newest, scope.from)) + 1 : scope.to;
  const from = scope.from === Number.NEGATIVE_INFINITY ? Math.min(oldest, to - 1) : scope.from;
  return { from, to };
}

/** The same, where the times of the records are asked for only if they matter. */
export function* askedSpan(
  context: ScanContext,
  scope: Scope,
  now: number,
  otherTimes?: readonly number[],
): Steps<{ from: number; to: number }> {
  if (Number.isFinite(scope.from) && Number.isFinite(scope.to)) return spanOf(scope, [], now, otherTimes);
  // Whatever the search: which blocks it rules out depends on how they were merged.
  const everything: Scope = { ...scope, search: { kind: "all" } };
  return spanOf(scope, yield* context.records.spans(context, everything), now, otherTimes);
}

/**
 * The buckets over a span; a refusal for more than BUCKETS_MAX. @param intervalMs undefined: one that gives about a
 * hundred.
 */
export function bucketsOf(from: number, to: number, intervalMs: number | undefined): Buckets | QueryRefusal {
  const interval = intervalMs ?? intervalFor(to - from);
  const start = Math.floor(from / interval) * interval;
  const count = Math.ceil((to - start) / interval);
  return count > BUCKETS_MAX ? tooManyBuckets(interval, count, "between from and to") : { interval, start, count };
}

/** Buckets over a compared range: each is as far from its beginning as one of `buckets` from `from`. Refuses as above. */
export function alignedBuckets(buckets: Buckets, from: number, compared: TimeSpan): Buckets | QueryRefusal {
  const { interval } = buckets;
  const start = buckets.start + compared.from - from;
  const count = Math.ceil((compared.to - start) / interval);
  return count > BUCKETS_MAX ? tooManyBuckets(interval, count, "in the compared range") : { interval, start, count };
}

function tooManyBuckets(interval: number, count: number, where: string): QueryRefusal {
  return {
    code: "bad_range",
    message: `interval ${interval} ms gives ${count} buckets ${where}, at most ${BUCKETS_MAX} are allowed: take a longer interval or a shorter time`,
  };
}

/** The shortest of INTERVALS with few enough buckets; for very long spans a multiple of the longest. */
function intervalFor(spanMs: number): number {
  const fitting = INTERVALS.find((interval) => spanMs / interval <= BUCKETS_WANTED);
  return fitting ?? Math.ceil(spanMs / BUCKETS_WANTED / LONGEST_INTERVAL) * LONGEST_INTERVAL;
}

/** The index of the bucket that a time of the span lies in. */
export function bucketOf({ start, interval }: Buckets, time: number): number {
  return Math.floor((time - start) / interval);
}
