// The durations of some sets of timings on one logarithmic axis: what a heat map draws. In: sketches. Out: the bounds
// of rows, and each set's counts by row. A row is a whole number of a sketch's buckets, so its counts are exact to the
// sketch, and the rows of two answers with the same width have the same bounds.

import { boundOfBucket, type SketchLike } from "../../block/stats/duration_sketch.ts";
import { DURATION_CELLS_MAX, DURATION_ROWS_MAX } from "../../core/limits.ts";

/** Buckets of a sketch in a row; then doubled. A bucket is 1 % wide, 70 are a doubling. */
const ROW_WIDTHS = [1, 2, 5, 7, 10, 14, 23, 35, 70] as const;

export interface DurationRows {
  /** Row n has the durations above `bounds[n]`, up to and with `bounds[n + 1]`, in ms; the first one also 0. */
  readonly bounds: readonly number[];
  /** For each set its counts by row. */
  readonly counts: readonly (readonly number[])[];
}

/** @param sketches one for each set; undefined: it has no timings. */
export function durationRows(sketches: readonly (SketchLike | undefined)[]): DurationRows {
  const { least, greatest, hasZeros } = extentOf(sketches);
  if (greatest < least) {
    // Only durations of 0, or none at all.
    return hasZeros
      ? { bounds: [0, boundOfBucket(0)], counts: sketches.map((sketch) => [sketch?.zeros ?? 0]) }
      : { bounds: [], counts: sketches.map(() => []) };
  }
  const rowsMax = Math.max(2, Math.min(DURATION_ROWS_MAX, Math.floor(DURATION_CELLS_MAX / sketches.length)));
  const width = widthFor(least, greatest, rowsMax - 1);
  const first = rowOf(least, width);
  const rows = rowOf(greatest, width) - first + 1;
  const bounds = Array.from({ length: rows + 1 }, (_, row) => boundOfBucket((first - 1 + row) * width));
  const zeroRows = hasZeros ? 1 : 0;
  const counts = sketches.map((sketch) => {
    const own = new Array<number>(rows + zeroRows).fill(0);
    if (sketch === undefined) return own;
    if (hasZeros) own[0] = sketch.zeros;
    const { indexes, counts: bucketCounts } = sketch.buckets();
    for (let place = 0; place < indexes.length; place++) {
      const row = rowOf(indexes[place] as number, width) - first + zeroRows;
      own[row] = (own[row] as number) + (bucketCounts[place] as number);
    }
    return own;
  });
  return { bounds: hasZeros ? [0, ...bounds] : bounds, counts };
}

function extentOf(sketches: readonly (SketchLike | undefined)[]) {
  const extent = { least: Number.POSITIVE_INFINITY, greatest: Number.NEGATIVE_INFINITY, hasZeros: false };
  for (const sketch of sketches) {
    if (sketch === undefined) continue;
    if (sketch.zeros > 0) extent.hasZeros = true;
    const { indexes } = sketch.buckets();
    if (indexes.length === 0) continue;
    extent.least = Math.min(extent.least, indexes[0] as number);
    extent.greatest = Math.max(extent.greatest, indexes.at(-1) as number);
  }
  return extent;
}

/** Row r has the buckets above (r − 1) · width, up to r · width. */
function rowOf(bucket: number, width: number): number {
  return Math.ceil(bucket / width);
}

function widthFor(least: number, greatest: number, rowsMax: number): number {
  const fits = (width: number) => rowOf(greatest, width) - rowOf(least, width) < rowsMax;
  const listed = ROW_WIDTHS.find(fits);
  if (listed !== undefined) return listed;
  let width: number = ROW_WIDTHS.at(-1) as number;
  while (!fits(width)) width *= 2;
  return width;
}
