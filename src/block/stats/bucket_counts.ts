// Counts by bucket index, for a sketch: an array over the stretch of indexes that is in use, and a map for what lies far from
// it. Real durations reach over a few hundred neighbouring buckets; those of all doubles would be 142,000.

/** Buckets that the array may stretch over: at half a percent, values from 1 to 10^17. */
const STRETCH_MAX = 4096;
/** Spare buckets at either end of an array that had to grow. */
const SPARE = 32;

/** Counts by index, both by the same places. */
export interface SortedBuckets {
  readonly indexes: Float64Array;
  readonly counts: Float64Array;
}

export class BucketCounts {
  #first = 0;
  #counts = new Float64Array(0);
  readonly #far = new Map<number, number>();

  add(index: number, count: number): void {
    if (this.#has(index)) (this.#counts[index - this.#first] as number) += count;
    else this.#far.set(index, (this.#far.get(index) ?? 0) + count);
  }

  /** Those that are not zero, indexes rising. */
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

  /** Adds counts of indexes that rise. */
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

  /** Whether the array has the index, now at the latest. */
  #has(index: number): boolean {
    const at = index - this.#first;
    return (at >= 0 && at < this.#counts.length) || this.#grow(index);
  }

  /** Makes room for the index in the array; false where that would stretch it too far. */
  #grow(index: number): boolean {
    const length = this.#counts.length;
    const first = length === 0 ? index : Math.min(this.#first, index);
    const last = length === 0 ? index : Math.max(this.#first + length - 1, index);
    if (last - first >= STRETCH_MAX) return false;
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
