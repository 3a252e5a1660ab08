// Percentiles of durations from bucket counts: a DDSketch, whose quantiles lie within a fixed relative error whatever
// the distribution. In: durations in ms, or stored sketches. Out: counts, quantiles, and the bytes of the stored form.
// The buckets are part of the format on disk: another formula or accuracy needs another format.
//
// Source: Masson, Rim, Lee: DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees. PVLDB
// 12(12), 2019.

import { assert } from "../../core/errors.ts";
import { ByteReader, type ByteWriter } from "../codec/bytes.ts";

/** Relative error of a quantile. Half of the 1 % that is promised, so that rounding does not matter. */
const RELATIVE_ACCURACY = 0.005;
/** A bucket's upper bound, less 1, in units of its lower bound: γ − 1 of the paper. */
const GROWTH = (2 * RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
/** How far a bound may be from its power, about a thousand times what rounding does. */
const BOUND_ERROR = 1e-9;
/** Buckets per power of two: 1 / log2 γ. `bucketOf` is written in SQL as well: src/clickhouse/count_sql.ts. */
export const BUCKETS_PER_DOUBLING = (1 / Math.log1p(GROWTH)) * Math.log(2);

/**
 * The bucket of a positive finite duration: ⌈log γ(value)⌉, so bucket i holds the values above γ^(i − 1) up to γ^i, γ =
 * 1.01005….
 *
 * Bounds: from −74,443 for the least double to 70,978 for the greatest; 0 for 1, a bucket every percent.
 * Source: DDSketch, section 2.1. The arithmetic, step by step, is that of @datadog/sketches-js 2.1.1, which wrote the
 * first blocks.
 */
export function bucketOf(value: number): number {
  // Not −0.
  return Math.ceil(Math.log2(value) * BUCKETS_PER_DOUBLING) + 0;
}

/**
 * The value that stands for a bucket: 2 γ^i / (γ + 1), within RELATIVE_ACCURACY of each value in it.
 *
 * Bounds: Infinity for the bucket of the greatest double; the least doubles are too coarse for the accuracy.
 */
export function valueOfBucket(index: number): number {
  return 2 ** (index / BUCKETS_PER_DOUBLING) * (2 / (2 + GROWTH));
}

/**
 * The greatest duration of a bucket, about γ^i: exactly the last double that bucketOf counts there or below, so that a
 * search with this bound finds what was counted. At most the greatest double, and 0 below the least.
 */
export function boundOfBucket(index: number): number {
  const power = 2 ** (index / BUCKETS_PER_DOUBLING);
  // Rounding moves a bound by some units in the last place.
  let [low, high] = [power * (1 - BOUND_ERROR), power * (1 + BOUND_ERROR)];
  if (!(high < Number.MAX_VALUE)) return Number.MAX_VALUE;
  if (low === 0 || bucketOf(low) > index || bucketOf(high) <= index) return power;
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (bucketOf(middle) <= index) low = middle;
    else high = middle;
  }
  return low;
}

/** A sketch that another one can merge. Durations in ms. */
export interface SketchLike {
  readonly count: number;
  readonly sum: number;
  /** Infinity in an empty sketch. */
  readonly min: number;
  /** −Infinity in an empty sketch. */
  readonly max: number;
  /** Durations of 0, which have no bucket. */
  readonly zeros: number;
  /** The buckets that are not empty, indexes rising. */
  buckets(): SortedBuckets;
}

/**
 * The quantile q of counted durations, as DurationSketch.quantile has it.
 * @param bucketAt the bucket of the duration at a rank that is neither the first nor the last, nor one of the zeros
 */
export function quantileOf(
  { count, zeros, min, max }: Pick<SketchLike, "count" | "zeros" | "min" | "max">,
  q: number,
  bucketAt: (rank: number) => number,
): number {
  assert(q >= 0 && q <= 1, "a quantile is from 0 to 1");
  if (count === 0) return Number.NaN;
  const rank = Math.floor(q * (count - 1));
  if (rank === 0) return min;
  if (rank === count - 1) return max;
  if (rank < zeros) return 0;
  // The value of the last bucket may exceed the greatest double.
  return Math.min(max, Math.max(min, valueOfBucket(bucketAt(rank))));
}

/** A sketch that durations are added to. */
export class DurationSketch implements SketchLike {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  zeros = 0;
  readonly #buckets = new BucketCounts();
  /** Cumulative counts by bucket; computed for the first quantile. */
  #cumulated: SortedBuckets | undefined;

  /** Adds a duration in ms: finite and not negative. */
  add(value: number): void {
    assert(value >= 0 && Number.isFinite(value), "a duration is finite and not negative");
    this.#cumulated = undefined;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value === 0 ? 0 : value;
    if (value > this.max) this.max = value === 0 ? 0 : value;
    if (value === 0) this.zeros++;
    else this.#buckets.add(bucketOf(value), 1);
  }

  /** Adds all durations of the other sketch. */
  merge(other: SketchLike): void {
    this.#cumulated = undefined;
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.zeros += other.zeros;
    this.#buckets.addSorted(other.buckets());
  }

  /**
   * The quantile q, from 0 to 1: within 0.5 % of the value at index ⌊q · (count − 1)⌋ of all durations, sorted.
   *
   * Bounds: exact for the least and the greatest duration; NaN in an empty sketch. Throws RangeError where a stored
   * sketch is damaged.
   */
  quantile(q: number): number {
    return quantileOf(this, q, (rank) => this.#bucketAt(rank));
  }

  buckets(): SortedBuckets {
    return this.#buckets.sorted();
  }

  /** Writes the stored form; `StoredSketch` reads it. */
  write(writer: ByteWriter): void {
    const { indexes, counts } = this.#buckets.sorted();
    writer.unsigned(this.count);
    writer.doubles([this.sum, this.min, this.max]);
    writer.unsigned(this.zeros);
    writer.unsigned(indexes.length);
    writer.differences(indexes, 1);
    writer.unsignedAll(counts);
  }

  #bucketAt(rank: number): number {
    this.#cumulated ??= this.#cumulate();
    const { indexes, counts } = this.#cumulated;
    let [low, high] = [0, counts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rank < (counts[middle] as number)) high = middle;
      else low = middle + 1;
    }
    if (low === counts.length) throw new RangeError("a sketch has fewer counts than it states");
    return indexes[low] as number;
  }

  #cumulate(): SortedBuckets {
    const { indexes, counts } = this.#buckets.sorted();
    let total = this.zeros;
    for (let place = 0; place < counts.length; place++) {
      total += counts[place] as number;
      counts[place] = total;
    }
    return { indexes, counts };
  }
}

/** A sketch as it is stored, some two bytes a bucket. It is decoded when another sketch merges it. */
export class StoredSketch implements SketchLike {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly zeros: number;
  readonly #buckets: number;
  readonly #bytes: Uint8Array;

  /** Takes all bytes that `DurationSketch.write` wrote. Throws RangeError. */
  constructor(bytes: Uint8Array) {
    const reader = new ByteReader(bytes);
    this.count = reader.unsigned();
    const [sum, min, max] = reader.doubles(3) as unknown as [number, number, number];
    this.sum = sum;
    this.min = min;
    this.max = max;
    this.zeros = reader.unsigned();
    this.#buckets = reader.unsigned();
    this.#bytes = reader.rest();
  }

  buckets(): SortedBuckets {
    const reader = new ByteReader(this.#bytes);
    return { indexes: reader.differences(this.#buckets, 1), counts: reader.unsignedAll(this.#buckets) };
  }
}

/** Buckets that the array may span: at half a percent, values from 1 to 10^17. */
const SPAN_MAX = 4096;

/** Spare buckets at an end where the array grows. */
const SPARE = 32;

/** Buckets and their counts: `counts[n]` is of bucket `indexes[n]`. */
export interface SortedBuckets {
  readonly indexes: Float64Array;
  readonly counts: Float64Array;
}

/**
 * Counts by bucket index: an array over the span of indexes in use, and a map for those far from it. Real durations
 * span a few hundred neighbouring buckets; those of all doubles would be 145,000, a megabyte for a single odd value.
 */
class BucketCounts {
  #first = 0;
  #counts = new Float64Array(0);
  readonly #far = new Map<number, number>();

  add(index: number, count: number): void {
    if (this.#has(index)) (this.#counts[index - this.#first] as number) += count;
    else this.#far.set(index, (this.#far.get(index) ?? 0) + count);
  }

  /** The buckets that are not empty, indexes rising. */
  sorted(): SortedBuckets {
    let size = this.#far.size;
    for (let at = 0; at < this.#counts.length; at++) if ((this.#counts[at] as number) > 0) size++;
    const indexes = new Float64Array(size);
    const counts = new Float64Array(size);
    let place = 0;
    const put = (index: number, count: number) => {
      indexes[place] = index;
      counts[place++] = count;
    };
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] as number;
      if (count > 0) put(this.#first + at, count);
    }
    if (this.#far.size === 0) return { indexes, counts };
    for (const [index, count] of this.#far) put(index, count);
    const order = Uint32Array.from(indexes.keys()).sort((a, b) => (indexes[a] as number) - (indexes[b] as number));
    const inOrder = (values: Float64Array) => Float64Array.from(order, (from) => values[from] as number);
    return { indexes: inOrder(indexes), counts: inOrder(counts) };
  }

  /** Adds counts; the indexes rise. */
  addSorted({ indexes, counts }: SortedBuckets): void {
    const { length } = indexes;
    if (length === 0) return;
    const isNear = this.#has(indexes[0] as number) && this.#has(indexes[length - 1] as number);
    for (let place = 0; place < length; place++) {
      const index = indexes[place] as number;
      const count = counts[place] as number;
      if (isNear) this.#counts[index - this.#first] = (this.#counts[index - this.#first] as number) + count;
      else this.add(index, count);
    }
  }

  /** Whether the array holds the index; it grows where that is worth it. */
  #has(index: number): boolean {
    const at = index - this.#first;
    return (at >= 0 && at < this.#counts.length) || this.#grow(index);
  }

  /** Makes room for the index in the array; false where the array would span too much. */
  #grow(index: number): boolean {
    const length = this.#counts.length;
    const first = length === 0 ? index : Math.min(this.#first, index);
    const last = length === 0 ? index : Math.max(this.#first + length - 1, index);
    if (last - first >= SPAN_MAX) return false;
    const spareBefore = first === this.#first && length > 0 ? 0 : SPARE;
    const spareAfter = length > 0 && last === this.#first + length - 1 ? 0 : SPARE;
    const grown = new Float64Array(last - first + 1 + spareBefore + spareAfter);
    const grownFirst = first - spareBefore;
    if (length > 0) grown.set(this.#counts, this.#first - grownFirst);
    this.#counts = grown;
    this.#first = grownFirst;
    return true;
  }
}
