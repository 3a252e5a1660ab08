// Counts over time, by level. A merged block is counted from its statistics where its cells decide and its time slots
// fit the buckets; of all others the time column and the flags are read.

import { kindCodeOf, levelCodeOf } from "../../block/codec/flags.ts";
import type { BlockStatistics } from "../../block/stats/statistics.ts";
import type { TimeSpan } from "../../core/compare.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { HistogramBucket, HistogramResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { comparedRange, comparedScope } from "../scan/compared_range.ts";
import { Coverage, type ScanContext } from "../scan/records.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { alignedBuckets, askedSpan, type Buckets, bucketOf, bucketsOf } from "../scan/time_buckets.ts";

/** A bucket's counters: logs by level code 1 to 4 at 0 to 3, timings at 4. */
const COUNTERS = 5;
const TIMINGS = 4;

export interface HistogramRequest {
  /** Undefined: chosen by the span. */
  readonly intervalMs: number | undefined;
  /** A range that is counted as well. */
  readonly compared?: TimeSpan | undefined;
  /** Unix ms. */
  readonly now: number;
}

/** Counts of a scope, by bucket. */
interface CountedScope {
  readonly scope: Scope;
  readonly buckets: Buckets;
  readonly counts: Float64Array;
}

export function* histogramResponse(
  context: ScanContext,
  scope: Scope,
  { intervalMs, compared, now }: HistogramRequest,
): Steps<HistogramResponse | QueryRefusal> {
  const { from, to } = yield* askedSpan(context, scope, now);
  const buckets = bucketsOf(from, to, intervalMs);
  if (isRefusal(buckets)) return buckets;
  const before = compared === undefined ? undefined : alignedBuckets(buckets, from, compared);
  if (before !== undefined && isRefusal(before)) return before;
  // Records that are stored during the scan may lie outside the span.
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  const parts = [counted(bounded, buckets)];
  if (compared !== undefined && before !== undefined) parts.push(counted(comparedScope(scope, compared), before));
  const coverage = new Coverage();
  const scopes = parts.map((part) => part.scope);
  yield* context.records.scan(context, scopes, coverage, {
    *visit(scanned, index) {
      const part = parts[index] as CountedScope;
      if (!addFromStatistics(scanned, part)) yield* addFromColumns(scanned, part);
    },
    counted: {
      kind: "levels",
      buckets: parts.map((part) => part.buckets),
      add: (index, bucket, flags, count) => add((parts[index] as CountedScope).counts, bucket, flags, count),
    },
  });
  const [shown = [], previousBuckets] = parts.map(shownBuckets);
  return {
    interval: buckets.interval,
    buckets: shown,
    ...(previousBuckets === undefined ? {} : { previousBuckets }),
    ...(compared === undefined ? {} : { previous: yield* comparedRange(context, scope, compared) }),
    ...coverage.warnings(),
  };
}

function counted(scope: Scope, buckets: Buckets): CountedScope {
  return { scope, buckets, counts: new Float64Array(buckets.count * COUNTERS) };
}

function add(counts: Float64Array, bucket: number, flags: number, count: number): void {
  const place = bucket * COUNTERS + (kindCodeOf(flags) === 0 ? levelCodeOf(flags) - 1 : TIMINGS);
  counts[place] = (counts[place] as number) + count;
}

/** False, and nothing counted, where the block's statistics do not decide. */
function addFromStatistics(scanned: ScannedBlock, { buckets, counts }: CountedScope): boolean {
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
function doSlotsFit(widthMs: number, scanned: ScannedBlock, { interval, start }: Buckets): boolean {
  if (interval % widthMs !== 0 || start % widthMs !== 0) return false;
  const { timeMin, timeMax } = scanned.block;
  const cutsSlot = (edge: number) => edge > timeMin && edge <= timeMax && edge % widthMs !== 0;
  return !cutsSlot(scanned.from) && !cutsSlot(scanned.to);
}

function* addFromColumns(scanned: ScannedBlock, { buckets, counts }: CountedScope): Steps<void> {
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

function shownBuckets({ buckets: { interval, start, count }, counts }: CountedScope): HistogramBucket[] {
  const buckets: HistogramBucket[] = [];
  for (let bucket = 0; bucket < count; bucket++) {
    const [debug = 0, info = 0, warn = 0, error = 0, timing = 0] = counts.subarray(bucket * COUNTERS);
    buckets.push({ time: start + bucket * interval, debug, info, warn, error, timing });
  }
  return buckets;
}
