// Durations with the evaluations that they count for, collected by a scan in any order, and then brought into that of
// their receipt: what came earlier counts for earlier evaluations, and leaves earlier.

import { bucketOf } from "../../block/stats/duration_sketch.ts";
import type { Steps } from "../../core/steps.ts";

/** Some 100 MB while they are sorted. */
const SAMPLES_MAX = 4_000_000;

/** Samples between two steps. */
const STEP_SAMPLES = 131_072;

/** By their first, then by their last evaluation, both of which rise. */
export interface SortedSamples {
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly series: Uint8Array;
  /** Durations, ms. */
  readonly values: Float64Array;
}

export class DurationSamples {
  readonly #evaluations: number;
  readonly #samplesMax: number;
  #size = 0;
  #first = new Int32Array(1_024);
  #last = new Int32Array(1_024);
  #series = new Uint8Array(1_024);
  #values = new Float64Array(1_024);
  /** The buckets of the durations, but for zeros. */
  readonly buckets = new Set<number>();
  /** Evaluations before this one lack samples. */
  firstKept = 0;

  constructor(evaluations: number, samplesMax = SAMPLES_MAX) {
    this.#evaluations = evaluations;
    this.#samplesMax = samplesMax;
  }

  get bytes(): number {
    return this.#first.length * 17;
  }

  /** Adds a duration, which counts for the evaluations from the first to the last; past the ends they are cut. */
  add(series: number, first: number, last: number, value: number): void {
    if (last < this.firstKept || first >= this.#evaluations || last < first) return;
    while (this.#size === this.#samplesMax) this.#dropOlder();
    if (last < this.firstKept) return;
    if (this.#size === this.#first.length) this.#grow();
    this.#first[this.#size] = first;
    this.#last[this.#size] = last;
    this.#series[this.#size] = series;
    this.#values[this.#size++] = value;
    if (value > 0) this.buckets.add(bucketOf(value));
  }

  /** Yields after some work. */
  *sorted(): Steps<SortedSamples> {
    const order = yield* this.#ordered(this.#first, yield* this.#ordered(this.#last, undefined));
    const size = this.#size;
    const sorted = {
      first: new Int32Array(size),
      last: new Int32Array(size),
      series: new Uint8Array(size),
      values: new Float64Array(size),
    };
    for (let place = 0; place < size; place++) {
      const sample = order[place] as number;
      sorted.first[place] = this.#first[sample] as number;
      sorted.last[place] = this.#last[sample] as number;
      sorted.series[place] = this.#series[sample] as number;
      sorted.values[place] = this.#values[sample] as number;
      if (place % STEP_SAMPLES === 0) yield undefined;
    }
    return sorted;
  }

  /** The samples by a key from 0 to the number of evaluations; equal ones stay in the order that they had. */
  *#ordered(keys: Int32Array, before: Int32Array | undefined): Steps<Int32Array> {
    const starts = new Int32Array(this.#evaluations + 2);
    for (let sample = 0; sample < this.#size; sample++) {
      (starts[(keys[sample] as number) + 1] as number)++;
      if (sample % STEP_SAMPLES === 0) yield undefined;
    }
    for (let key = 1; key < starts.length; key++) (starts[key] as number) += starts[key - 1] as number;
    const order = new Int32Array(this.#size);
    for (let place = 0; place < this.#size; place++) {
      const sample = before === undefined ? place : (before[place] as number);
      const key = keys[sample] as number;
      order[starts[key] as number] = sample;
      (starts[key] as number)++;
      if (place % STEP_SAMPLES === 0) yield undefined;
    }
    return order;
  }

  #grow(): void {
    const length = Math.min(this.#samplesMax, this.#first.length * 2);
    const grown = <T extends Int32Array | Uint8Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#first = grown(this.#first, new Int32Array(length));
    this.#last = grown(this.#last, new Int32Array(length));
    this.#series = grown(this.#series, new Uint8Array(length));
    this.#values = grown(this.#values, new Float64Array(length));
  }

  /** Forgets the samples of the oldest evaluations, about half of all. */
  #dropOlder(): void {
    const counts = new Int32Array(this.#evaluations + 1);
    for (let sample = 0; sample < this.#size; sample++) (counts[this.#last[sample] as number] as number)++;
    let middle = 0;
    for (let older = 0; older + (counts[middle] as number) <= this.#size >> 1; middle++) {
      older += counts[middle] as number;
    }
    this.firstKept = middle > this.firstKept ? middle : middle + 1;
    let kept = 0;
    for (let sample = 0; sample < this.#size; sample++) {
      if ((this.#last[sample] as number) < this.firstKept) continue;
      this.#first[kept] = this.#first[sample] as number;
      this.#last[kept] = this.#last[sample] as number;
      this.#series[kept] = this.#series[sample] as number;
      this.#values[kept++] = this.#values[sample] as number;
    }
    this.#size = kept;
  }
}
