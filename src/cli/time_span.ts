// The first and the last time of what matches a scope, to the millisecond: counts over time are asked for again and again, of the first
// and the last bucket alone. That costs little, since each is a thousandth of the one before, and needs no more than any server answers.

import type { QueryScope } from "../core/queries.ts";
import type { HistogramBucket, HistogramResponse } from "../core/responses.ts";
import type { RecordSource } from "./source.ts";

/** Buckets of one question. */
const BUCKETS_WANTED = 1_000;
/** From the longest time there is to a millisecond it takes six. */
const STEPS_MAX = 12;

/** Unix ms, whole ones. */
export interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

/** Records of a bucket. */
export function countOf({ debug, info, warn, error, timing }: HistogramBucket): number {
  return debug + info + warn + error + timing;
}

/** Undefined where nothing matches; `histogram` is the answer for the whole scope. */
export async function timeSpanOf(
  source: RecordSource,
  scope: QueryScope,
  histogram: HistogramResponse,
): Promise<TimeSpan | undefined> {
  const first = await edge(source, scope, histogram, (buckets) => buckets.find((bucket) => countOf(bucket) > 0));
  const last = await edge(source, scope, histogram, (buckets) => buckets.findLast((bucket) => countOf(bucket) > 0));
  return first === undefined || last === undefined ? undefined : { first, last };
}

async function edge(
  source: RecordSource,
  scope: QueryScope,
  histogram: HistogramResponse,
  choose: (buckets: readonly HistogramBucket[]) => HistogramBucket | undefined,
): Promise<number | undefined> {
  let { interval } = histogram;
  let time = choose(histogram.buckets)?.time;
  for (let step = 0; time !== undefined && interval > 1 && step < STEPS_MAX; step++) {
    const intervalMs = Math.max(1, Math.ceil(interval / BUCKETS_WANTED));
    const from = Math.max(time, scope.from ?? Number.NEGATIVE_INFINITY);
    const to = Math.min(time + interval, scope.to ?? Number.POSITIVE_INFINITY);
    if (!(from < to)) break;
    const answer = await source.ask({ kind: "histogram", scope: { ...scope, from, to }, intervalMs });
    // Records may have gone meanwhile: then the bucket is all that is known.
    const found = choose(answer.buckets)?.time;
    if (found === undefined) break;
    time = Math.max(found, Math.floor(from));
    interval = intervalMs;
  }
  return time;
}
