// The columns of many blocks, one block's rows behind the other's, in forms that cost no object a value: what a merge holds between
// reading its sources and writing its result. They are cleared and used again, since new ones for each merge were a tenth of it.

import type { ByteReader } from "../codec/bytes.ts";
import { readNumbersInto } from "../codec/numbers.ts";

/** What a column takes at first: a merge can have tens of thousands of them, one for each name of a metadata field. */
const SIZE_MIN = 16;

/** Numbers, one a place. */
export class GatheredNumbers {
  #values = new Float64Array(SIZE_MIN);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view that the next appending ends, from `from` on. */
  view(from = 0): Float64Array {
    return this.#values.subarray(from, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  append(reader: ByteReader, count: number): void {
    this.#reserve(count);
    readNumbersInto(reader, this.#values, this.#length, count);
    this.#length += count;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#values.length) return;
    const larger = new Float64Array(Math.max(needed, 2 * this.#values.length));
    larger.set(this.view());
    this.#values = larger;
  }
}

/** Bytes, one a place. */
export class GatheredBytes {
  #values = new Uint8Array(SIZE_MIN);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  view(): Uint8Array {
    return this.#values.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#values.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  appendZeros(count: number): void {
    this.#reserve(count);
    this.#values.fill(0, this.#length, this.#length + count);
    this.#length += count;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#values.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#values.length));
    larger.set(this.view());
    this.#values = larger;
  }
}

/** Whole numbers up to 2^32 − 1 that are set by whoever appends them. */
export class Places {
  values = new Uint32Array(SIZE_MIN);
  length = 0;

  view(): Uint32Array {
    return this.values.subarray(0, this.length);
  }

  /** Makes room for so many more, which count from now on; answers where they begin. */
  extend(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.values.length) {
      const larger = new Uint32Array(Math.max(this.length, 2 * this.values.length));
      larger.set(this.values.subarray(0, start));
      this.values = larger;
    }
    return start;
  }
}

/** A buffer that all columns of a merge use by turns, since nothing of it stays. */
export class Scratch {
  #numbers = new Float64Array(1024);

  /** Room for so many numbers or more. */
  numbers(count: number): Float64Array {
    if (this.#numbers.length < count) this.#numbers = new Float64Array(2 * count);
    return this.#numbers;
  }
}

/** Which rows have a value, rising. */
export class GatheredRows {
  readonly #rows = new Places();
  readonly #scratch: Scratch;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** A view that the next appending ends, from `from` on. */
  view(from = 0): Uint32Array {
    return this.#rows.view().subarray(from);
  }

  clear(): void {
    this.#rows.length = 0;
  }

  /** Appends those of a block of `count` rows, of which the first one is row `first`; answers how many there are. */
  append(reader: ByteReader, count: number, first: number): number {
    const length = reader.unsigned();
    if (length > count) throw new RangeError("column has more values than rows");
    const at = this.#rows.extend(length);
    const rows = this.#rows.values;
    if (length === count) {
      for (let index = 0; index < count; index++) rows[at + index] = first + index;
      return length;
    }
    const gaps = this.#scratch.numbers(length);
    reader.unsignedInto(gaps, 0, length);
    let row = first - 1;
    for (let index = 0; index < length; index++) {
      row += 1 + (gaps[index] as number);
      rows[at + index] = row;
    }
    if (row >= first + count) throw new RangeError("column has a value past its last row");
    return length;
  }
}
