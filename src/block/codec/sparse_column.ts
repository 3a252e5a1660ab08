// Columns of which only some rows have a value. Stored: how many rows have one, the gaps between them (none where all
// rows have one), and then the values of these rows, as texts or numbers.

import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { OptionalText } from "./dictionary.ts";
import { readNumbers, writeNumbers } from "./numbers.ts";
import type { OverflowTexts } from "./overflow_metadata.ts";
import { PlainTexts, type TextColumn, writePlainTexts } from "./text_column.ts";

/** Values of some rows only: `values[n]` belongs to row `rows[n]`, rows rising. */
export interface SparseColumn<T> {
  readonly rows: ArrayLike<number>;
  readonly values: ArrayLike<T>;
}

/** A sparse column that still grows. */
export interface SparseDraft<T> {
  readonly rows: number[];
  readonly values: T[];
}

/** A sparse column without values. */
export function emptySparse<T>(): SparseDraft<T> {
  return { rows: [], values: [] };
}

/** Writes which of `count` rows have a value; `rows` rise. */
export function writeRows(writer: ByteWriter, rows: ArrayLike<number>, count: number): void {
  writer.unsigned(rows.length);
  if (rows.length === count) return;
  const gaps = new Uint32Array(rows.length);
  for (let index = 0, next = 0; index < rows.length; index++) {
    const row = rows[index] as number;
    gaps[index] = row - next;
    next = row + 1;
  }
  writer.unsignedAll(gaps);
}

/** Reads which of `count` rows have a value, rising. Throws RangeError. */
export function readRows(reader: ByteReader, count: number): Uint32Array {
  const length = reader.unsigned();
  if (length > count) throw new RangeError("column has more values than rows");
  const rows = new Uint32Array(length);
  if (length === count) {
    for (let row = 0; row < count; row++) rows[row] = row;
    return rows;
  }
  const gaps = reader.unsignedAll(length);
  let row = -1;
  for (let index = 0; index < length; index++) {
    row += 1 + (gaps[index] as number);
    rows[index] = row;
  }
  if (row >= count) throw new RangeError("column has a value past its last row");
  return rows;
}

/** Writes numbers of some of `count` rows. */
export function writeSparseNumbers(writer: ByteWriter, column: SparseColumn<number>, count: number): void {
  writeRows(writer, column.rows, count);
  writeNumbers(writer, column.values);
}

/** Reads numbers of some of `count` rows. Throws RangeError. */
export function readSparseNumbers(reader: ByteReader, count: number): SparseColumn<number> {
  const rows = readRows(reader, count);
  return { rows, values: readNumbers(reader, rows.length) };
}

/** Writes texts of some of `count` rows, in the plain form. */
export function writeSparseTexts(writer: ByteWriter, column: SparseColumn<string>, count: number): void {
  writeRows(writer, column.rows, count);
  writePlainTexts(writer, column.values);
}

/** Texts of some rows, as they are read: place n belongs to row `rows[n]`, rows rising. */
export class SparseTextColumn implements TextColumn {
  readonly rows: Uint32Array;
  readonly #texts: PlainTexts;

  /** Takes the rest of the reader, of a block of `count` rows. Throws RangeError. */
  constructor(reader: ByteReader, count: number) {
    this.rows = readRows(reader, count);
    this.#texts = new PlainTexts(reader, this.rows.length);
  }

  get count(): number {
    return this.rows.length;
  }

  has(place: number): boolean {
    return this.#texts.has(place);
  }

  value(place: number): OptionalText {
    return this.#texts.value(place);
  }

  beginning(place: number, lengthMax: number): OptionalText {
    return this.#texts.beginning(place, lengthMax);
  }

  /** All texts, one after the other in one string, with their rows. */
  whole(): OverflowTexts {
    return { rows: this.rows, ...this.#texts.whole() };
  }

  all(): OptionalText[] {
    return this.#texts.all();
  }

  markContaining(needle: string, hits: Uint8Array): void {
    this.#texts.markContaining(needle, hits);
  }

  markWhere(test: (text: string) => boolean, hits: Uint8Array): void {
    this.#texts.markWhere(test, hits);
  }

  asDictionary(): undefined {
    return undefined;
  }
}
