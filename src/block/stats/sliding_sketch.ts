// A sketch of the durations in a window that slides: durations come at its end and leave at its begin, in the same order.
// Its quantiles are those of a DurationSketch of the same durations.
//
// Only some hundred different buckets occur in real data. So they are numbered beforehand, and counted in blocks of
// BLOCK, so that a rank is found in some dozen steps.

import { assert } from "../../core/errors.ts";
import { bucketOf, quantileOf } from "./duration_sketch.ts";

const BLOCK = 64;

/** The different buckets of some durations, by rising index. */
export class BucketNumbers {
  readonly #indexes: Int32Array;
  readonly #numbers: ReadonlyMap<number, number>;

  /** @param buckets as bucketOf has them, of every duration that will come */
  constructor(buckets: ReadonlySet<number>) {
    this.#indexes = Int32Array.from(buckets).sort();
    this.#numbers = new Map(Array.from(this.#indexes, (index, number) => [index, number]));
  }

  get size(): number {
    return this.#indexes.length;
  }

  /** The number of a positive duration's bucket; it was among the durations. */
  numberOf(duration: number): number {
    const number = this.#numbers.get(bucketOf(duration));
    assert(number !== undefined, "every bucket has a number");
    return number;
  }

  indexOf(number: number): number {
    return this.#indexes[number] as number;
  }
}

/** Durations in ms. */
export class SlidingSketch {
  readonly #numbers: BucketNumbers;
  readonly #counts: Int32Array;
  readonly #blocks: Int32Array;
  /** Candidates for the least and the greatest duration, the oldest first: whatever a later one makes needless is gone. */
  readonly #least: number[] = [];
  readonly #greatest: number[] = [];
  #leastAt = 0;
  #greatestAt = 0;
  count = 0;
  zeros = 0;

  constructor(numbers: BucketNumbers) {
    this.#numbers = numbers;
    this.#counts = new Int32Array(numbers.size);
    this.#blocks = new Int32Array(Math.ceil(numbers.size / BLOCK));
  }

  /** Infinity in an empty window. */
  get min(): number {
    return this.#least[this.#leastAt] ?? Number.POSITIVE_INFINITY;
  }

  get max(): number {
    return this.#greatest[this.#greatestAt] ?? Number.NEGATIVE_INFINITY;
  }

  /** Adds the newest duration. */
  add(duration: number): void {
    this.#count(duration, 1);
    while (this.#least.length > this.#leastAt && (this.#least.at(-1) as number) > duration) this.#least.pop();
    this.#least.push(duration);
    while (this.#greatest.length > this.#greatestAt && (this.#greatest.at(-1) as number) < duration)
      this.#greatest.pop();
    this.#greatest.push(duration);
  }

  /** Takes the oldest duration away. */
  remove(duration: number): void {
    this.#count(duration, -1);
    if (this.min === duration) this.#leastAt++;
    if (this.max === duration) this.#greatestAt++;
    this.#leastAt = shortened(this.#least, this.#leastAt);
    this.#greatestAt = shortened(this.#greatest, this.#greatestAt);
  }

  /** NaN in an empty window. */
  quantile(q: number): number {
    return quantileOf(this, q, (rank) => this.#bucketAt(rank));
  }

  #count(duration: number, by: 1 | -1): void {
    this.count += by;
    if (duration === 0) {
      this.zeros += by;
      return;
    }
    const number = this.#numbers.numberOf(duration);
    (this.#counts[number] as number) += by;
    (this.#blocks[Math.floor(number / BLOCK)] as number) += by;
  }

  #bucketAt(rank: number): number {
    let before = this.zeros;
    let block = 0;
    while (before + (this.#blocks[block] as number) <= rank) before += this.#blocks[block++] as number;
    let number = block * BLOCK;
    while (before + (this.#counts[number] as number) <= rank) before += this.#counts[number++] as number;
    return this.#numbers.indexOf(number);
  }
}

/** Items before `at` are not needed: they are removed where they are many. */
function shortened(items: number[], at: number): number {
  if (at < 1_000 || at * 2 < items.length) return at;
  items.splice(0, at);
  return 0;
}
