// The buckets of a sketch of durations, computed in SQL by the formula of block/stats/duration_sketch.ts; and sketches of
// what comes back, which merge exactly with those of local blocks.

import { BUCKETS_PER_DOUBLING, type SketchLike, type SortedBuckets } from "../block/stats/duration_sketch.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/** The duration in ms; 0 where there is none. */
export const DURATION = "assumeNotNull(duration)";

/** The place of durations of 0, which have no bucket in a sketch. */
const ZEROS = -1_000_000;

/** The bucket of a duration, or the place of zeros. */
export function durationPlace(parameters: SqlParameters): string {
  const bucket = `toInt32(ceil(log2(${DURATION}) * ${parameters.double(BUCKETS_PER_DOUBLING)}))`;
  return `if(${DURATION} > 0, ${bucket}, ${ZEROS})`;
}

const NO_BUCKETS: SortedBuckets = { indexes: new Float64Array(0), counts: new Float64Array(0) };

/** A sketch without durations. */
export const NO_TIMINGS: SketchLike = {
  count: 0,
  sum: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  zeros: 0,
  buckets: () => NO_BUCKETS,
};

/** A sketch of durations by their places, in any order. */
export function sketchOfPlaces(
  places: readonly number[],
  counts: readonly number[],
  figures: Pick<SketchLike, "count" | "sum" | "min" | "max">,
): SketchLike {
  const order = places.map((_, index) => index).sort((a, b) => (places[a] as number) - (places[b] as number));
  const hasZeros = order.length > 0 && places[order[0] as number] === ZEROS;
  const zeros = hasZeros ? (counts[order.shift() as number] as number) : 0;
  const buckets: SortedBuckets = {
    indexes: Float64Array.from(order, (index) => places[index] as number),
    counts: Float64Array.from(order, (index) => counts[index] as number),
  };
  return { ...figures, zeros, buckets: () => buckets };
}
