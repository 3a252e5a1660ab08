// A sparse column as bytes: which rows have a value, then the values. A metadata column keeps each value's JSON type.

import type { SparseColumn } from "../columns.ts";
import type { ByteWriter } from "./bytes.ts";
import { writeNumbers } from "./numbers.ts";
import { type OptionalText, writePlainStrings } from "./strings.ts";

/** Past so many different values a dictionary costs more to build than it saves. */
const DICTIONARY_SIZE_MAX = 4096;
/** And it must be met this often on average to be smaller than the plain form. */
const DICTIONARY_REPEAT_MIN = 4;

/** How a column's values are written; its first byte. */
export const FORM = { plain: 0, dictionary: 1, typed: 2, parts: 3 } as const;
/** A byte a value of the typed form. */
export const TYPE = { string: 0, number: 1, true: 2, false: 3, null: 4, json: 5 } as const;

/** Writes which of `count` rows have a value. */
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

/** How many of so many texts may differ where a dictionary is worth it. */
export function dictionarySizeMax(count: number): number {
  return Math.min(DICTIONARY_SIZE_MAX, Math.ceil(count / DICTIONARY_REPEAT_MIN));
}

/** Writes strings in the plain form, behind the byte that says so. */
export function writeStrings(writer: ByteWriter, values: ArrayLike<OptionalText>): void {
  writer.byte(FORM.plain);
  writePlainStrings(writer, values);
}

export function writeSparseStrings(writer: ByteWriter, column: SparseColumn<string>, count: number): void {
  writeRows(writer, column.rows, count);
  writePlainStrings(writer, column.values);
}

export function writeSparseNumbers(writer: ByteWriter, column: SparseColumn<number>, count: number): void {
  writeRows(writer, column.rows, count);
  writeNumbers(writer, column.values);
}

function typeOf(value: unknown): number {
  if (typeof value === "string") return TYPE.string;
  // 1e400 is Infinity once it is parsed, and null in JSON: nested ones become it in JSON.stringify, and these here.
  if (typeof value === "number") return Number.isFinite(value) ? TYPE.number : TYPE.null;
  if (value === true) return TYPE.true;
  if (value === false) return TYPE.false;
  return value === null ? TYPE.null : TYPE.json;
}

function areAllStrings(values: ArrayLike<unknown>): values is ArrayLike<string> {
  for (let index = 0; index < values.length; index++) if (typeof values[index] !== "string") return false;
  return true;
}

/** Writes a metadata column: any JSON values. */
export function writeValues(writer: ByteWriter, column: SparseColumn<unknown>, count: number): void {
  writeRows(writer, column.rows, count);
  const { values } = column;
  if (areAllStrings(values)) {
    writeStrings(writer, values);
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
