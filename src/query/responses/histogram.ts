// Counts over time, by level. A merged block gives its noted counts where the search asks for nothing else and its time slots fit the
// buckets; of all others the time column and the flags are read.

import { kindCodeOf, levelCodeOf } from "../../block/codec/flags.ts";
import type { BlockStatistics } from "../../block/stats/statistics.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { HistogramBucket, HistogramResponse } from "../../core/responses.ts";
import { Coverage, candidates, type ScanContext, type Steps, scanBlocks } from "../scan/scan.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { type Buckets, bucketOf, bucketsOf, spanOf } from "./time_buckets.ts";

/** Places of a bucket's counts: logs by level code 1 to 4 at 0 to 3, timings at 4. */
const TIMING = 4;
const COUNTS = 5;

export function* countOverTime(
  context: ScanContext,
  scope: Scope,
  intervalMs: number | undefined,
  now: number,
): Steps<HistogramResponse | QueryRefusal> {
  const { from, to } = spanOf(scope, candidates(context, scope), now);
  const buckets = bucketsOf(from, to, intervalMs);
  if (isRefusal(buckets)) return buckets;
  const counts = new Float64Array(buckets.count * COUNTS);
  // What is stored while this runs may lie behind the span: it is no longer in the answer.
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  const coverage = new Coverage();
  yield* scanBlocks(context, bounded, coverage, function* (opened) {
    if (!countNotes(opened, bounded, buckets, counts)) yield* countRows(opened, buckets, counts);
  });
  return { interval: buckets.interval, buckets: shown(buckets, counts), ...coverage.gaps() };
}

function add(counts: Float64Array, bucket: number, flags: number, count: number): void {
  const place = bucket * COUNTS + (kindCodeOf(flags) === 0 ? levelCodeOf(flags) - 1 : TIMING);
  counts[place] = (counts[place] as number) + count;
}

/** Counts by the block's notes; false, and nothing counted, where they do not decide. */
function countNotes(opened: ScannedBlock, scope: Scope, buckets: Buckets, counts: Float64Array): boolean {
  const summary = opened.statistics();
  if (summary === undefined) return false;
  const { timeMin, timeMax } = opened.block;
  const bucket = bucketOf(buckets, timeMin);
  if (opened.isInside && bucket === bucketOf(buckets, timeMax)) {
    const verdicts = opened.cellMatches(summary);
    if (verdicts.includes(undefined)) return false;
    summary.cells.forEach(({ flags, count }, index) => {
      if (verdicts[index] === true) add(counts, bucket, flags, count);
    });
    return true;
  }
  const verdicts = fits(summary.slots.widthMs, opened, buckets) ? verdictsByFlags(opened, summary) : undefined;
  if (verdicts === undefined) return false;
  const { widthMs, times, flags, counts: noted } = summary.slots;
  for (let index = 0; index < times.length; index++) {
    const time = times[index] as number;
    if (verdicts.get(flags[index] as number) !== true || time + widthMs <= opened.from || time >= scope.to) continue;
    add(counts, bucketOf(buckets, time), flags[index] as number, noted[index] as number);
  }
  return true;
}

/** Whether records of given flags match, whatever their touchpoint; undefined where that does not decide. */
function verdictsByFlags(opened: ScannedBlock, summary: BlockStatistics): Map<number, boolean> | undefined {
  const byFlags = new Map<number, boolean>();
  const verdicts = opened.cellMatches(summary);
  for (const [index, { flags }] of summary.cells.entries()) {
    const verdict = verdicts[index];
    if (verdict === undefined || (byFlags.get(flags) ?? verdict) !== verdict) return undefined;
    byFlags.set(flags, verdict);
  }
  return byFlags;
}

/** Whether no slot lies in two buckets, nor across an edge of the scope's times. */
function fits(widthMs: number, opened: ScannedBlock, { interval }: Buckets): boolean {
  if (interval % widthMs !== 0) return false;
  const { timeMin, timeMax } = opened.block;
  const isCut = (edge: number) => edge > timeMin && edge <= timeMax && edge % widthMs !== 0;
  return !isCut(opened.from) && !isCut(opened.to);
}

function* countRows(opened: ScannedBlock, buckets: Buckets, counts: Float64Array): Steps<void> {
  const matches = yield* opened.matches();
  if (matches === "none") return;
  const view = yield* opened.view();
  const times = view.time();
  const flags = view.flags();
  for (let row = 0; row < view.count; row++) {
    if (!isMatch(matches, row)) continue;
    add(counts, bucketOf(buckets, times[row] as number), flags[row] as number, 1);
  }
}

function shown({ interval, start, count }: Buckets, counts: Float64Array): HistogramBucket[] {
  const buckets: HistogramBucket[] = [];
  for (let bucket = 0; bucket < count; bucket++) {
    const [debug = 0, info = 0, warn = 0, error = 0, timing = 0] = counts.subarray(bucket * COUNTS);
    buckets.push({ time: start + bucket * interval, debug, info, warn, error, timing });
  }
  return buckets;
}
