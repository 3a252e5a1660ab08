// The timings of a selection by time and duration: the cells of the heat map and the rows of the distribution. All come
// from one response, and each leads to a search that finds what it counts: a row has the durations above its lower
// bound, up to and with its upper bound; the first row also its lower bound.

import type { SeriesBucket, SeriesResponse } from "../../../core/responses.ts";
import { joinSearches } from "../../state/search_text.ts";

/** A response with by=duration. */
export interface DurationCells {
  /** Start of each bucket of time, Unix ms, and the length of a bucket in ms. */
  readonly times: readonly number[];
  readonly intervalMs: number;
  /** One more than there are rows, rising, in ms. */
  readonly bounds: readonly number[];
  /** By bucket of time, by row. */
  readonly counts: readonly (readonly number[])[];
  /** The highest count of a cell. */
  readonly most: number;
  readonly buckets: readonly SeriesBucket[];
  /** Of the compared range, which may have more or fewer. Undefined: nothing is compared. */
  readonly before?: readonly SeriesBucket[];
}

/** Undefined where no timing was completed. */
export function durationCells({
  interval,
  buckets = [],
  durationBounds = [],
  previousBuckets,
}: SeriesResponse): DurationCells | undefined {
  if (durationBounds.length < 2) return undefined;
  const counts = buckets.map(({ durations = [] }) => durations);
  const most = counts.reduce((largest, column) => column.reduce((max, count) => Math.max(max, count), largest), 0);
  const times = buckets.map(({ time }) => time);
  if (most === 0) return undefined;
  const before = previousBuckets === undefined ? {} : { before: previousBuckets };
  return { times, intervalMs: interval, bounds: durationBounds, counts, most, buckets, ...before };
}

/** Cells from one bucket and row to another, both included, in any order. */
export interface CellRange {
  readonly fromBucket: number;
  readonly toBucket: number;
  readonly fromRow: number;
  readonly toRow: number;
}

/** The range with its ends in order. */
export function ordered({ fromBucket, toBucket, fromRow, toRow }: CellRange): CellRange {
  return {
    fromBucket: Math.min(fromBucket, toBucket),
    toBucket: Math.max(fromBucket, toBucket),
    fromRow: Math.min(fromRow, toRow),
    toRow: Math.max(fromRow, toRow),
  };
}

/** The timings in a range of cells. */
export function countIn({ counts }: DurationCells, range: CellRange): number {
  const { fromBucket, toBucket, fromRow, toRow } = ordered(range);
  let sum = 0;
  for (const column of counts.slice(fromBucket, toBucket + 1)) {
    for (const count of column.slice(fromRow, toRow + 1)) sum += count;
  }
  return sum;
}

/** The times of a range of cells, Unix ms; the end is not included. */
export function timesOf({ times, intervalMs }: DurationCells, range: CellRange): { from: number; to: number } {
  const { fromBucket, toBucket } = ordered(range);
  return { from: times[fromBucket] ?? 0, to: (times[toBucket] ?? 0) + intervalMs };
}

/** The durations of a range of rows, ms. */
export function durationsOf({ bounds }: Pick<DurationCells, "bounds">, range: CellRange): { from: number; to: number } {
  const { fromRow, toRow } = ordered(range);
  return { from: bounds[fromRow] ?? 0, to: bounds[toRow + 1] ?? 0 };
}

/** A search for the completed timings of these rows, among those of `search`. */
export function rowsSearch(
  search: string,
  { bounds }: Pick<DurationCells, "bounds">,
  { fromRow, toRow }: Pick<CellRange, "fromRow" | "toRow">,
): string {
  const from = bounds[fromRow] ?? 0;
  const above = fromRow === 0 && from === 0 ? "duration:>=0" : `duration:>${from}`;
  return joinSearches(search, `status:completed ${above} duration:<=${bounds[toRow + 1] ?? 0}`);
}

/** A row of the distribution: `count` timings above `from` ms, up to and with `to` ms. */
export interface DistributionRow {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Its first and last row of cells. */
  readonly fromRow: number;
  readonly toRow: number;
  /** The percentiles that lie in it, and the longest. */
  readonly marks: readonly string[];
}

/** Rows that a table shows: few enough to compare. */
const ROWS_SHOWN_MAX = 18;
const MARKS = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p95", 0.95],
  ["p99", 0.99],
  ["max", 1],
] as const;

/** All timings by duration, as few rows of the same width. */
export function distributionRows({ bounds, counts }: DurationCells): readonly DistributionRow[] {
  const rowCount = bounds.length - 1;
  const sums = Array.from({ length: rowCount }, (_, row) =>
    counts.reduce((sum, column) => sum + (column[row] ?? 0), 0),
  );
  // A row that begins with 0 is no part of the logarithmic axis.
  const first = bounds[0] === 0 && rowCount > 1 ? 1 : 0;
  const width = Math.ceil((rowCount - first) / ROWS_SHOWN_MAX);
  const starts = first === 1 ? [0] : [];
  for (let row = first; row < rowCount; row += width) starts.push(row);
  const all = sums.reduce((sum, count) => sum + count, 0);
  let below = 0;
  return starts.map((fromRow, at) => {
    const toRow = (starts[at + 1] ?? rowCount) - 1;
    const count = sums.slice(fromRow, toRow + 1).reduce((sum, one) => sum + one, 0);
    // As the server does: the value at this index of all durations, sorted.
    const marks = MARKS.flatMap(([name, quantile]) => {
      const index = Math.floor(quantile * (all - 1));
      return index >= below && index < below + count ? [name] : [];
    });
    below += count;
    return { from: bounds[fromRow] ?? 0, to: bounds[toRow + 1] ?? 0, count, fromRow, toRow, marks };
  });
}
