// Counts over time, by level. A merged block is counted from its statistics where its cells decide and its time slots
// fit the buckets; of all others the time column and the flags are read.

import { kindCodeOf, levelCodeOf } from "../../block/codec/flags.ts";
import type { BlockStatistics } from "../../block/stats/statistics.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { HistogramBucket, HistogramResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { Coverage, candidateBlocks, type ScanContext, scanBlocks } from "../scan/scan.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { type Buckets, bucketOf, bucketsOf, spanOf } from "./time_buckets.ts";

/** A bucket's counters: logs by level code 1 to 4 at 0 to 3, timings at 4. */
const COUNTERS = 5;
const TIMINGS = 4;

/** @param intervalMs undefined: chosen by the span. @param now Unix ms. */
export function* histogramResponse(
  context: ScanContext,
  scope: Scope,
  intervalMs: number | undefined,
  now: number,
): Steps<HistogramResponse | QueryRefusal> {
  const { from, to } = spanOf(scope, candidateBlocks(context, scope), now);
  const buckets = bucketsOf(from, to, intervalMs);
  if (isRefusal(buckets)) return buckets;
  const counts = new Float64Array(buckets.count * COUNTERS);
  // Records that are stored during the scan may lie outside the span.
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  const coverage = new Coverage();
  yield* scanBlocks(context, bounded, coverage, function* (scanned) {
    if (!addFromStatistics(scanned, buckets, counts)) yield* addFromColumns(scanned, buckets, counts);
  });
  return { interval: buckets.interval, buckets: shownBuckets(buckets, counts), ...coverage.warnings() };
}

function add(counts: Float64Array, bucket: number, flags: number, count: number): void {
  const place = bucket * COUNTERS + (kindCodeOf(flags) === 0 ? levelCodeOf(flags) - 1 : TIMINGS);
  counts[place] = (counts[place] as number) + count;
}

/** False, and nothing counted, where the block's statistics do not decide. */
function addFromStatistics(scanned: ScannedBlock, buckets: Buckets, counts: Float64Array): boolean {
  const statistics = scanned.statistics();
  if (statistics === undefined) return false;
  const { timeMin, timeMax } = scanned.block;
  const bucket = bucketOf(buckets, timeMin);
  if (scanned.isInside && bucket === bucketOf(buckets, timeMax)) {
    const matches = scanned.cellMatches(statistics);
    if (matches.includes(undefined)) return false;
    statistics.cells.forEach(({ flags, count }, index) => {
      if (matches[index] === true) add(counts, bucket, flags, count);
    });
    return true;
  }
  const { widthMs, times, flags, counts: slotCounts } = statistics.slots;
  const matches = doSlotsFit(widthMs, scanned, buckets) ? matchesByFlags(scanned, statistics) : undefined;
  if (matches === undefined) return false;
  for (let index = 0; index < times.length; index++) {
    const time = times[index] as number;
    if (matches.get(flags[index] as number) !== true || time + widthMs <= scanned.from || time >= scanned.to) continue;
    add(counts, bucketOf(buckets, time), flags[index] as number, slotCounts[index] as number);
  }
  return true;
}

/** By flags, whether all their records match or none does; undefined where that depends on more than the flags. */
function matchesByFlags(scanned: ScannedBlock, statistics: BlockStatistics): Map<number, boolean> | undefined {
  const byFlags = new Map<number, boolean>();
  const matches = scanned.cellMatches(statistics);
  for (const [index, { flags }] of statistics.cells.entries()) {
    const match = matches[index];
    if (match === undefined || (byFlags.get(flags) ?? match) !== match) return undefined;
    byFlags.set(flags, match);
  }
  return byFlags;
}

/** Whether each time slot lies in one bucket, and within the scope's times or outside them. */
function doSlotsFit(widthMs: number, scanned: ScannedBlock, { interval }: Buckets): boolean {
  if (interval % widthMs !== 0) return false;
  const { timeMin, timeMax } = scanned.block;
  const cutsSlot = (edge: number) => edge > timeMin && edge <= timeMax && edge % widthMs !== 0;
  return !cutsSlot(scanned.from) && !cutsSlot(scanned.to);
}

function* addFromColumns(scanned: ScannedBlock, buckets: Buckets, counts: Float64Array): Steps<void> {
  const matches = yield* scanned.matches();
  if (matches === "none") return;
  const block = yield* scanned.open();
  const times = block.time();
  const flags = block.flags();
  for (let row = 0; row < block.count; row++) {
    if (!isMatch(matches, row)) continue;
    add(counts, bucketOf(buckets, times[row] as number), flags[row] as number, 1);
  }
}

function shownBuckets({ interval, start, count }: Buckets, counts: Float64Array): HistogramBucket[] {
  const buckets: HistogramBucket[] = [];
  for (let bucket = 0; bucket < count; bucket++) {
    const [debug = 0, info = 0, warn = 0, error = 0, timing = 0] = counts.subarray(bucket * COUNTERS);
    buckets.push({ time: start + bucket * interval, debug, info, warn, error, timing });
  }
  return buckets;
}
