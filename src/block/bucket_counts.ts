// Counts by bucket index, for a sketch: an array over the stretch of indexes that is in use, and a map for what lies far from
// it. Real durations reach over a few hundred neighbouring buckets; those of all doubles would be 142,000.

/** Buckets that the array may stretch over: at half a percent, values from 1 to 10^17. */
const STRETCH_MAX = 4096;
/** Spare buckets at either end of an array that had to grow. */
const SPARE = 32;

export class BucketCounts {
  #first = 0;
  #counts = new Float64Array(0);
  readonly #far = new Map<number, number>();

  add(index: number, count: number): void {
    const at = index - this.#first;
    if (at >= 0 && at < this.#counts.length) (this.#counts[at] as number) += count;
    else if (this.#grow(index)) (this.#counts[index - this.#first] as number) += count;
    else this.#far.set(index, (this.#far.get(index) ?? 0) + count);
  }

  /** Those that are not zero, in no order. */
  forEach(visit: (index: number, count: number) => void): void {
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] as number;
      if (count > 0) visit(this.#first + at, count);
    }
    this.#far.forEach((count, index) => {
      visit(index, count);
    });
  }

  /** Those that are not zero, by index. */
  sorted(): [index: number, count: number][] {
    const all: [number, number][] = [];
    this.forEach((index, count) => all.push([index, count]));
    return this.#far.size === 0 ? all : all.sort((a, b) => a[0] - b[0]);
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
