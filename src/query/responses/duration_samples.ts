// Durations with the evaluations that they count for, collected by a scan in any order, and then brought into that of
// their receipt: what came earlier counts for earlier evaluations, and leaves earlier.

/** Some 100 MB while they are sorted. */
const SAMPLES_MAX = 4_000_000;

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
  }

  sorted(): SortedSamples {
    const order = this.#ordered(this.#first, this.#ordered(this.#last, undefined));
    const take = <T extends Int32Array | Uint8Array | Float64Array>(from: T, to: T): T => {
      for (let place = 0; place < order.length; place++) to[place] = from[order[place] as number] as number;
      return to;
    };
    return {
      first: take(this.#first, new Int32Array(this.#size)),
      last: take(this.#last, new Int32Array(this.#size)),
      series: take(this.#series, new Uint8Array(this.#size)),
      values: take(this.#values, new Float64Array(this.#size)),
    };
  }

  /** The samples by a key from 0 to the number of evaluations; equal ones stay in the order that they had. */
  #ordered(keys: Int32Array, before: Int32Array | undefined): Int32Array {
    const starts = new Int32Array(this.#evaluations + 2);
    for (let sample = 0; sample < this.#size; sample++) (starts[(keys[sample] as number) + 1] as number)++;
    for (let key = 1; key < starts.length; key++) (starts[key] as number) += starts[key - 1] as number;
    const order = new Int32Array(this.#size);
    for (let place = 0; place < this.#size; place++) {
      const sample = before === undefined ? place : (before[place] as number);
      const key = keys[sample] as number;
      order[starts[key] as number] = sample;
      (starts[key] as number)++;
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
    const lasts = this.#last.slice(0, this.#size).sort();
    const middle = lasts[this.#size >> 1] as number;
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
