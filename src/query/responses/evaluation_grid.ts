// The evaluations of a rule over a range of time, k · every, and what a record counts for: those in whose window it was
// received. In: instants. Out: indexes of evaluations, from 0. The arithmetic is exact: a quotient that was rounded is
// corrected by comparing the instants themselves.

import type { Cells } from "../scan/counted.ts";

/** Lengths in ms, instants in Unix ms. */
export interface GridOptions {
  /** The first evaluation is not before it, the last not after `to`. */
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly windowMs: number;
  /** The most evaluations, 1 or more: of more, the last ones are taken. */
  readonly evaluationsMax: number;
}

export class EvaluationGrid {
  /** The first evaluation. */
  readonly from: number;
  readonly everyMs: number;
  readonly windowMs: number;
  /** How many; 0 where none is in the range. */
  readonly count: number;
  /** Whether there are more before them. */
  readonly isCut: boolean;

  constructor({ from, to, everyMs, windowMs, evaluationsMax }: GridOptions) {
    const [first, last] = [Math.ceil(from / everyMs), Math.floor(to / everyMs)];
    const all = Math.max(0, last - first + 1);
    this.count = Math.min(all, evaluationsMax);
    this.isCut = this.count < all;
    this.from = (last - this.count + 1) * everyMs;
    this.everyMs = everyMs;
    this.windowMs = windowMs;
  }

  /** The instant of an evaluation. */
  at(index: number): number {
    return this.from + index * this.everyMs;
  }

  get last(): number {
    return this.at(this.count - 1);
  }

  /** Records received in one cell, whose upper bound is part of it, count for the same evaluations. */
  get cells(): Cells {
    return { from: this.from, widthMs: greatestCommonDivisor(this.everyMs, this.windowMs) };
  }

  /** The first evaluation at or after an instant; may be past the ends. */
  firstFrom(instant: number): number {
    let index = Math.ceil((instant - this.from) / this.everyMs);
    while (this.at(index) < instant) index++;
    while (this.at(index - 1) >= instant) index--;
    return index;
  }

  /** The first evaluation after an instant. */
  firstAfter(instant: number): number {
    const index = this.firstFrom(instant);
    return this.at(index) > instant ? index : index + 1;
  }

  /** The last evaluation whose window reaches back to before an instant, so that what came then is in it. */
  lastWith(received: number): number {
    let index = Math.floor((received + this.windowMs - this.from) / this.everyMs);
    while (this.at(index) - this.windowMs >= received) index--;
    while (this.at(index + 1) - this.windowMs < received) index++;
    return index;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** How many records count for each evaluation. */
export class EvaluationCounts {
  readonly #changes: Int32Array;
  #total = 0;
  #at = -1;

  constructor(evaluations: number) {
    this.#changes = new Int32Array(evaluations + 1);
  }

  /** Counts records for the evaluations from the first to the last; both may be past the ends. */
  add(first: number, last: number, records = 1): void {
    const end = this.#changes.length - 1;
    if (last < 0 || first >= end || last < first) return;
    (this.#changes[Math.max(0, first)] as number) += records;
    (this.#changes[Math.min(end, last + 1)] as number) -= records;
  }

  /** The count of an evaluation; they are asked for by rising index. */
  of(index: number): number {
    while (this.#at < index) this.#total += this.#changes[++this.#at] as number;
    return this.#total;
  }
}
