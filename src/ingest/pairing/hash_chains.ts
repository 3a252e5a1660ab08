// A hash index over the places of a ring: places with one hash, in the order in which they were added, with removal from
// the middle. Typed arrays, so that hundreds of thousands of places cost no garbage collector anything.

export class Chains {
  /** First and last place + 1 of each bucket; 0 is none. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;
  readonly #before: Int32Array;
  readonly #mask: number;

  /** `capacity` is how many places there are, a power of two. */
  constructor(capacity: number) {
    this.#first = new Int32Array(capacity);
    this.#last = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#before = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  /** The first place with this hash, or -1. Other hashes may share its chain: the caller compares. */
  first(hash: number): number {
    return (this.#first[hash & this.#mask] as number) - 1;
  }

  /** The place after this one, or -1. */
  next(place: number): number {
    return (this.#next[place] as number) - 1;
  }

  add(hash: number, place: number): void {
    const bucket = hash & this.#mask;
    const last = this.#last[bucket] as number;
    this.#before[place] = last;
    this.#next[place] = 0;
    if (last === 0) this.#first[bucket] = place + 1;
    else this.#next[last - 1] = place + 1;
    this.#last[bucket] = place + 1;
  }

  /** Takes out a place that was added under this hash. */
  remove(hash: number, place: number): void {
    const bucket = hash & this.#mask;
    const before = this.#before[place] as number;
    const next = this.#next[place] as number;
    if (before === 0) this.#first[bucket] = next;
    else this.#next[before - 1] = next;
    if (next === 0) this.#last[bucket] = before;
    else this.#before[next - 1] = before;
  }
}
