// The figures of timings a bucket of time, in all or by touchpoint.

import type { QueryRefusal } from "../../core/queries.ts";
import type { SeriesBucket, SeriesResponse } from "../../core/responses.ts";
import { SERIES_BUCKETS_MAX, TOUCHPOINTS_LISTED_MAX } from "../scan/limits.ts";
import { Coverage, candidates, type ScanContext, type Steps } from "../scan/scan.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { mostFrequentTotals, type TotalsByName } from "./named_totals.ts";
import type { RunningTimingStart } from "./running.ts";
import { compareTexts } from "./text_order.ts";
import { type Buckets, bucketOf, bucketsOf, spanOf } from "./time_buckets.ts";
import { TimingTotals, TOTALS_BYTES } from "./timing_totals.ts";
import { addTimings, type TimingSink } from "./timings.ts";

export interface SeriesQuestion {
  readonly intervalMs: number | undefined;
  readonly byTouchpoint: boolean;
  /** What runs now: counted in the bucket in which it began. */
  readonly running: readonly RunningTimingStart[];
  /** Unix ms. */
  readonly now: number;
}

export function* timingSeries(
  context: ScanContext,
  scope: Scope,
  { intervalMs, byTouchpoint, running, now }: SeriesQuestion,
): Steps<SeriesResponse | QueryRefusal> {
  const startTimes = running.map(({ startTime }) => startTime);
  const { from, to } = spanOf(scope, candidates(context, scope), now, startTimes);
  const buckets = bucketsOf(from, to, intervalMs);
  if (isRefusal(buckets)) return buckets;
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  const seriesMax = byTouchpoint
    ? Math.max(1, Math.min(TOUCHPOINTS_LISTED_MAX, Math.floor(SERIES_BUCKETS_MAX / buckets.count)))
    : 1;
  const coverage = new Coverage();
  const pass = function* (series: TotalsByName<Series>): Steps<void> {
    const sink: TimingSink = {
      count: (touchpoint, timings) => series.count(byTouchpoint ? touchpoint : "", timings),
      totals: (number, time) => series.at(number).at(bucketOf(buckets, time)),
      get bytes() {
        return series.names.bytes + filled.count * TOTALS_BYTES;
      },
    };
    for (const { touchpoint, startTime } of running) {
      if (startTime < from || startTime >= to) continue;
      const number = sink.count(touchpoint, 1);
      if (number !== -1) sink.totals(number, startTime).running++;
    }
    yield* addTimings(context, bounded, coverage, sink, (first, last) => {
      return bucketOf(buckets, first) === bucketOf(buckets, last);
    });
  };
  const filled = { count: 0 };
  const make = () => new Series(buckets, filled);
  const { listed, more } = yield* mostFrequentTotals({ listedMax: seriesMax, keptMax: seriesMax }, make, pass);
  const { interval } = buckets;
  if (!byTouchpoint) return { interval, buckets: (listed[0]?.[1] ?? make()).shown(), ...coverage.gaps() };
  const touchpoints = listed
    .toSorted(([a], [b]) => compareTexts(a, b))
    .map(([touchpoint, series]) => ({ touchpoint, buckets: series.shown() }));
  return { interval, more, touchpoints, ...coverage.gaps() };
}

class Series {
  readonly #buckets: Buckets;
  readonly #totals = new Map<number, TimingTotals>();
  readonly #filled: { count: number };

  /** @param filled counts the buckets that have figures. */
  constructor(buckets: Buckets, filled: { count: number }) {
    this.#buckets = buckets;
    this.#filled = filled;
  }

  at(bucket: number): TimingTotals {
    let totals = this.#totals.get(bucket);
    if (totals === undefined) {
      totals = new TimingTotals();
      this.#totals.set(bucket, totals);
      this.#filled.count++;
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
