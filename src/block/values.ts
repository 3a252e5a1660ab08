// A sparse column as bytes: which rows have a value, then the values. A metadata column keeps each value's JSON type.

import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { SparseColumn } from "./columns.ts";
import { readNumbers, writeNumbers } from "./numbers.ts";
import {
  fromDictionary,
  type OptionalText,
  readDictionary,
  readPlainStrings,
  toDictionary,
  writeDictionary,
  writePlainStrings,
} from "./strings.ts";

/** Past so many different values a dictionary costs more to build than it saves. */
const DICTIONARY_SIZE_MAX = 4096;
/** And it must be met this often on average to be smaller than the plain form. */
const DICTIONARY_REPEAT_MIN = 4;

const FORM = { plain: 0, dictionary: 1, typed: 2 } as const;
const TYPE = { string: 0, number: 1, true: 2, false: 3, null: 4, json: 5 } as const;

function writeRows(writer: ByteWriter, rows: ArrayLike<number>, count: number): void {
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

function readRows(reader: ByteReader, count: number): Uint32Array {
  const length = reader.unsigned();
  if (length > count) throw new RangeError("column has more values than rows");
  const rows = new Uint32Array(length);
  let row = -1;
  for (let index = 0; index < length; index++) {
    row = length === count ? index : row + 1 + reader.unsigned();
    if (row >= count) throw new RangeError("column has a value past its last row");
    rows[index] = row;
  }
  return rows;
}

/** Writes strings in the smaller of the two forms; `compact` allows the dictionary. */
export function writeStrings(writer: ByteWriter, values: ArrayLike<OptionalText>, compact: boolean): void {
  const sizeMax = Math.min(DICTIONARY_SIZE_MAX, Math.ceil(values.length / DICTIONARY_REPEAT_MIN));
  const dictionary = compact ? toDictionary(values, sizeMax) : undefined;
  writer.byte(dictionary === undefined ? FORM.plain : FORM.dictionary);
  if (dictionary === undefined) writePlainStrings(writer, values);
  else writeDictionary(writer, dictionary);
}

export function readStrings(reader: ByteReader, count: number): OptionalText[] {
  const form = reader.byte();
  if (form === FORM.plain) return readPlainStrings(reader, count);
  if (form === FORM.dictionary) return fromDictionary(readDictionary(reader, count));
  throw new RangeError(`unknown string form ${form}`);
}

export function writeSparseStrings(writer: ByteWriter, column: SparseColumn<string>, count: number): void {
  writeRows(writer, column.rows, count);
  writePlainStrings(writer, column.values);
}

export function readSparseStrings(reader: ByteReader, count: number): SparseColumn<string> {
  const rows = readRows(reader, count);
  return { rows, values: readPlainStrings(reader, rows.length) as string[] };
}

export function writeSparseNumbers(writer: ByteWriter, column: SparseColumn<number>, count: number): void {
  writeRows(writer, column.rows, count);
  writeNumbers(writer, column.values);
}

export function readSparseNumbers(reader: ByteReader, count: number): SparseColumn<number> {
  const rows = readRows(reader, count);
  return { rows, values: readNumbers(reader, rows.length) };
}

function typeOf(value: unknown): number {
  if (typeof value === "string") return TYPE.string;
  if (typeof value === "number") return TYPE.number;
  if (value === true) return TYPE.true;
  if (value === false) return TYPE.false;
  return value === null ? TYPE.null : TYPE.json;
}

function areAllStrings(values: ArrayLike<unknown>): values is ArrayLike<string> {
  for (let index = 0; index < values.length; index++) if (typeof values[index] !== "string") return false;
  return true;
}

/** Writes a metadata column: any JSON values. */
export function writeValues(writer: ByteWriter, column: SparseColumn<unknown>, count: number, compact: boolean): void {
  writeRows(writer, column.rows, count);
  const { values } = column;
  if (areAllStrings(values)) {
    writeStrings(writer, values, compact);
    return;
  }
  writer.byte(FORM.typed);
  const numbers: number[] = [];
  const texts: string[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const type = typeOf(value);
    writer.byte(type);
    if (type === TYPE.number) numbers.push(value as number);
    else if (type === TYPE.string) texts.push(value as string);
    else if (type === TYPE.json) texts.push(JSON.stringify(value));
  }
  writeNumbers(writer, numbers);
  writePlainStrings(writer, texts);
}

export function readValues(reader: ByteReader, count: number): SparseColumn<unknown> {
  const rows = readRows(reader, count);
  const form = reader.byte();
  if (form === FORM.plain) return { rows, values: readPlainStrings(reader, rows.length) };
  if (form === FORM.dictionary) return { rows, values: fromDictionary(readDictionary(reader, rows.length)) };
  if (form !== FORM.typed) throw new RangeError(`unknown value form ${form}`);
  const types = reader.raw(rows.length);
  let numberCount = 0;
  let textCount = 0;
  for (const type of types) {
    if (type === TYPE.number) numberCount++;
    else if (type === TYPE.string || type === TYPE.json) textCount++;
  }
  const numbers = readNumbers(reader, numberCount);
  const texts = readPlainStrings(reader, textCount) as string[];
  let nextNumber = 0;
  let nextText = 0;
  const values: unknown[] = [];
  for (const type of types) {
    if (type === TYPE.string) values.push(texts[nextText++]);
    else if (type === TYPE.number) values.push(numbers[nextNumber++]);
    else if (type === TYPE.true) values.push(true);
    else if (type === TYPE.false) values.push(false);
    else if (type === TYPE.null) values.push(null);
    else if (type === TYPE.json) values.push(JSON.parse(texts[nextText++] as string));
    else throw new RangeError(`unknown value type ${type}`);
  }
  return { rows, values };
}
