// The figures of timings a bucket of time, in all or by touchpoint.

import type { RunningTiming, SeriesAnswer, SeriesBucket } from "../core/answers.ts";
import type { ReadRefusal } from "../core/reading.ts";
import { BUCKETS_MAX } from "../core/reading.ts";
import { TimingTotals } from "./figures.ts";
import { type Buckets, bucketOf, bucketsOf, spanOf } from "./interval.ts";
import { Coverage, candidates, type ScanContext, type Steps } from "./scan.ts";
import { isRefusal, type Scope } from "./scope.ts";
import { addTimings } from "./timings.ts";

export interface SeriesQuestion {
  readonly intervalMs: number | undefined;
  readonly byTouchpoint: boolean;
  /** What runs now: counted in the bucket in which it began. */
  readonly running: readonly RunningTiming[];
  /** Unix ms. */
  readonly now: number;
}

export function* timingSeries(
  context: ScanContext,
  scope: Scope,
  { intervalMs, byTouchpoint, running, now }: SeriesQuestion,
): Steps<SeriesAnswer | ReadRefusal> {
  const startTimes = running.map(({ startTime }) => startTime);
  const { from, to } = spanOf(scope, candidates(context, scope), now, startTimes);
  const buckets = bucketsOf(from, to, intervalMs);
  if (isRefusal(buckets)) return buckets;
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  const series = new Map<string, Series>();
  const seriesMax = Math.floor(SERIES_BUCKETS_MAX / buckets.count);
  // Whatever there is of further ones shares one, so that a question which is refused in the end holds no more than another.
  let further: Series | undefined;
  const seriesOf = (touchpoint: string) => {
    const name = byTouchpoint ? touchpoint : "";
    let one = series.get(name);
    if (one === undefined && series.size === seriesMax) {
      further ??= new Series(buckets);
      return further;
    }
    if (one === undefined) {
      one = new Series(buckets);
      series.set(name, one);
    }
    return one;
  };
  for (const { touchpoint = "", startTime } of running) {
    if (startTime >= from && startTime < to) seriesOf(touchpoint).at(bucketOf(buckets, startTime)).running++;
  }
  const coverage = new Coverage();
  yield* addTimings(
    context,
    bounded,
    coverage,
    (touchpoint, time) => seriesOf(touchpoint).at(bucketOf(buckets, time)),
    (first, last) => bucketOf(buckets, first) === bucketOf(buckets, last),
  );
  const { interval } = buckets;
  if (!byTouchpoint) return { interval, buckets: (series.get("") ?? new Series(buckets)).shown(), ...coverage.notes() };
  if (further !== undefined) {
    return {
      code: "bad_range",
      message: `there are more than ${seriesMax} touchpoints, too many with ${buckets.count} buckets each: take a longer interval, or fewer touchpoints`,
    };
  }
  const names = [...series.keys()].sort();
  const touchpoints = names.map((touchpoint) => ({ touchpoint, buckets: (series.get(touchpoint) as Series).shown() }));
  return { interval, touchpoints, ...coverage.notes() };
}

/** Buckets of all series together in one answer: some 30 MB of JSON. */
const SERIES_BUCKETS_MAX = 20 * BUCKETS_MAX;

class Series {
  readonly #buckets: Buckets;
  readonly #totals = new Map<number, TimingTotals>();

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
  }

  at(bucket: number): TimingTotals {
    let totals = this.#totals.get(bucket);
    if (totals === undefined) {
      totals = new TimingTotals();
      this.#totals.set(bucket, totals);
    }
    return totals;
  }

  /** Every bucket, the empty ones too. */
  shown(): SeriesBucket[] {
    const { start, interval, count } = this.#buckets;
    const empty = new TimingTotals().figures();
    return Array.from({ length: count }, (_, bucket) => ({
      time: start + bucket * interval,
      ...(this.#totals.get(bucket)?.figures() ?? empty),
    }));
  }
}
