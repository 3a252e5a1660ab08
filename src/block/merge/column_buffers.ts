// Column buffers: the columns of all blocks that go into a merge, one block after the other. No object is made for a
// value, and no string for a text. The buffers are cleared and used again, since new ones for each merge took a tenth
// of its time.

import type { ByteReader } from "../codec/bytes.ts";
import { codeBytes } from "../codec/dictionary.ts";
import { readNumbersInto } from "../codec/numbers.ts";
import { COLUMN_FORM } from "../codec/text_column.ts";
import { VALUE_TYPE } from "../codec/value_column.ts";
import { readChunkHead } from "../filter/chunked_texts.ts";
import { StringArena } from "./string_arena.ts";

/** Room of a new buffer. Small, since a merge can have tens of thousands of columns, one for each metadata field. */
const SIZE_MIN = 16;

/** Numbers of a column. */
export class NumberBuffer {
  #values = new Float64Array(SIZE_MIN);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view from `from` on, until the next append. */
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

/** Bytes of a column. */
export class ByteBuffer {
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

/** Whole numbers below 2^32, set by the caller after `extend`. */
export class IndexBuffer {
  values = new Uint32Array(SIZE_MIN);
  length = 0;

  view(): Uint32Array {
    return this.values.subarray(0, this.length);
  }

  /** Adds `count` numbers that the caller sets, and returns the place of the first. */
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

/** A buffer that all columns of a merge share for intermediate values. */
export class ScratchBuffer {
  #numbers = new Float64Array(1024);

  /** Room for at least `count` numbers; the next call may give the same. */
  numbers(count: number): Float64Array {
    if (this.#numbers.length < count) this.#numbers = new Float64Array(2 * count);
    return this.#numbers;
  }
}

/** The rows that have a value, rising. */
export class RowBuffer {
  readonly #rows = new IndexBuffer();
  readonly #scratch: ScratchBuffer;

  constructor(scratch: ScratchBuffer) {
    this.#scratch = scratch;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** A view from `from` on, until the next append. */
  view(from = 0): Uint32Array {
    return this.#rows.view().subarray(from);
  }

  clear(): void {
    this.#rows.length = 0;
  }

  /**
   * Appends the rows of a block of `count` rows whose first is row `first`; returns how many have a value. Throws
   * RangeError.
   */
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

/** Texts of a column: for each place the number of its text in the arena, 0 for none. */
export class TextBuffer {
  readonly arena = new StringArena();
  readonly #texts = new IndexBuffer();
  readonly #scratch: ScratchBuffer;
  /** Chunks to come: the texts of each, and the number of the next. */
  #chunks = { texts: 0, next: 0 };

  constructor(scratch: ScratchBuffer) {
    this.#scratch = scratch;
  }

  get length(): number {
    return this.#texts.length;
  }

  /** The number of the text of each place; a view until the next append. */
  view(): Uint32Array {
    return this.#texts.view();
  }

  clear(): void {
    this.arena.clear();
    this.#texts.length = 0;
  }

  /** Appends texts in the plain form. Throws RangeError. */
  appendPlain(reader: ByteReader, count: number): void {
    const lengths = this.#scratch.numbers(count);
    reader.unsignedInto(lengths, 0, count);
    const at = this.#texts.extend(count);
    this.arena.appendPlain(reader, lengths, count, this.#texts.values, at);
  }

  /** Appends dictionary-encoded texts. Throws RangeError. */
  appendDictionary(reader: ByteReader, count: number): void {
    const base = this.arena.count;
    const size = this.arena.appendDictionary(reader);
    const at = this.#texts.extend(count);
    const texts = this.#texts.values;
    const width = codeBytes(size);
    for (let plane = 0; plane < width; plane++) {
      const bytes = reader.raw(count);
      if (plane === 0) texts.set(bytes, at);
      else for (let row = 0; row < count; row++) (texts[at + row] as number) += (bytes[row] as number) * 256 ** plane;
    }
    for (let row = at; row < at + count; row++) {
      const code = texts[row] as number;
      if (code > size) throw new RangeError("dictionary code out of range");
      if (code > 0) texts[row] = base + code;
    }
  }

  /**
   * Appends texts in any form, after its byte. Of a column in chunks this is the head; `appendChunk` must follow.
   * Throws RangeError.
   */
  append(reader: ByteReader, count: number): void {
    const form = reader.byte();
    if (form === COLUMN_FORM.plain) this.appendPlain(reader, count);
    else if (form === COLUMN_FORM.dictionary) this.appendDictionary(reader, count);
    else if (form === COLUMN_FORM.chunks) this.#chunks = { texts: readChunkHead(reader, count).chunkTexts, next: 0 };
    else throw new RangeError(`unknown string form ${form}`);
  }

  /** Appends the next chunk of a column that will have `length` texts with its last chunk. Throws RangeError. */
  appendChunk(reader: ByteReader, chunk: number, length: number): void {
    const { texts, next } = this.#chunks;
    if (chunk !== next) throw new RangeError("a chunk of messages is missing");
    this.#chunks = { texts, next: next + 1 };
    this.appendPlain(reader, Math.min(texts, length - this.length));
  }
}

/** JSON values of some rows: their types, and the numbers and texts in the order of their places. */
export class ValueBuffer {
  readonly rows: RowBuffer;
  readonly types = new ByteBuffer();
  readonly texts: TextBuffer;
  readonly numbers = new NumberBuffer();
  #areAllStrings = true;

  constructor(scratch: ScratchBuffer) {
    this.rows = new RowBuffer(scratch);
    this.texts = new TextBuffer(scratch);
  }

  clear(): void {
    for (const part of [this.rows, this.types, this.texts, this.numbers]) part.clear();
    this.#areAllStrings = true;
  }

  get areAllStrings(): boolean {
    return this.#areAllStrings;
  }

  append(reader: ByteReader, count: number, first: number): void {
    const length = this.rows.append(reader, count, first);
    const form = reader.byte();
    if (form === COLUMN_FORM.plain || form === COLUMN_FORM.dictionary) {
      this.types.appendZeros(length);
      if (form === COLUMN_FORM.plain) this.texts.appendPlain(reader, length);
      else this.texts.appendDictionary(reader, length);
      return;
    }
    if (form !== COLUMN_FORM.typed) throw new RangeError(`unknown value form ${form}`);
    const types = reader.raw(length);
    let numberCount = 0;
    let textCount = 0;
    for (const type of types) {
      if (type === VALUE_TYPE.number) numberCount++;
      else if (type === VALUE_TYPE.string || type === VALUE_TYPE.json) textCount++;
      else if (type > VALUE_TYPE.json) throw new RangeError(`unknown value type ${type}`);
      if (type !== VALUE_TYPE.string) this.#areAllStrings = false;
    }
    this.types.append(types);
    this.numbers.append(reader, numberCount);
    this.texts.appendPlain(reader, textCount);
  }
}
