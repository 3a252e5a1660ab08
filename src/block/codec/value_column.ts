// A metadata field's column: JSON values of some rows. Where all values are texts it has one of the text forms; else it
// has a type a value, the numbers, and the texts with the JSON of objects and arrays. Objects and arrays are parsed
// only when they are asked for.

import { foldText } from "../../core/case_folding.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { orDamaged } from "./damage.ts";
import { type DictionaryColumn, readDictionary } from "./dictionary.ts";
import { valueAt } from "./json_text.ts";
import { readNumbers, writeNumbers } from "./numbers.ts";
import { readRows, type SparseColumn, writeRows } from "./sparse_column.ts";
import {
  COLUMN_FORM,
  DictionaryTexts,
  PlainTexts,
  type TextColumn,
  writePlainTexts,
  writeTexts,
} from "./text_column.ts";

/** Types of values in the typed form; a byte each. */
export const VALUE_TYPE = { string: 0, number: 1, true: 2, false: 3, null: 4, json: 5 } as const;

/** JSON values of some rows, as they are read: place n belongs to row `rows[n]`, rows rising. */
export interface ValueColumn {
  readonly rows: Uint32Array;
  value(place: number): unknown;
  /** All values, one a place. */
  all(): unknown[];
  /** The value's JSON where it is an object or an array, else undefined. No object is made of it. */
  json(place: number): string | undefined;
  /**
   * Sets `hits[place] = 1` for each value with a text that contains the needle, whatever the case; the needle is folded
   * (foldText). Texts are the string itself, String(value) of a number, boolean or null, and those of all leaves of an
   * object or an array, not their names.
   */
  markContaining(needle: string, hits: Uint8Array): void;
  /**
   * Sets `hits[place] = 1` for each value that the test accepts. The test is called once for each distinct value of a
   * dictionary.
   */
  markWhere(test: (value: unknown) => boolean, hits: Uint8Array): void;
  /** The dictionary and the codes where the column is dictionary-encoded, else undefined. */
  asDictionary(): DictionaryColumn | undefined;
}

function typeOf(value: unknown): number {
  if (typeof value === "string") return VALUE_TYPE.string;
  // JSON.parse makes Infinity of 1e400, and JSON.stringify makes null of that.
  if (typeof value === "number") return Number.isFinite(value) ? VALUE_TYPE.number : VALUE_TYPE.null;
  if (value === true) return VALUE_TYPE.true;
  if (value === false) return VALUE_TYPE.false;
  return value === null ? VALUE_TYPE.null : VALUE_TYPE.json;
}

function areAllStrings(values: ArrayLike<unknown>): values is ArrayLike<string> {
  for (let index = 0; index < values.length; index++) if (typeof values[index] !== "string") return false;
  return true;
}

/** Writes the JSON values of some of `count` rows, without a dictionary. */
export function writeValues(writer: ByteWriter, column: SparseColumn<unknown>, count: number): void {
  writeRows(writer, column.rows, count);
  const { values } = column;
  if (areAllStrings(values)) {
    writeTexts(writer, values);
    return;
  }
  writer.byte(COLUMN_FORM.typed);
  const numbers: number[] = [];
  const texts: string[] = [];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const type = typeOf(value);
    writer.byte(type);
    if (type === VALUE_TYPE.number) numbers.push(value as number);
    else if (type === VALUE_TYPE.string) texts.push(value as string);
    else if (type === VALUE_TYPE.json) texts.push(JSON.stringify(value));
  }
  writeNumbers(writer, numbers);
  writePlainTexts(writer, texts);
}

/** Reads the JSON values of some of `count` rows, in any form. Throws RangeError. */
export function readValues(reader: ByteReader, count: number): ValueColumn {
  const rows = readRows(reader, count);
  const form = reader.byte();
  if (form === COLUMN_FORM.plain) return new TextValues(rows, new PlainTexts(reader, rows.length));
  if (form === COLUMN_FORM.dictionary) {
    return new TextValues(rows, new DictionaryTexts(readDictionary(reader, rows.length)));
  }
  if (form === COLUMN_FORM.typed) return new TypedValues(rows, reader);
  throw new RangeError(`unknown value form ${form}`);
}

/** Values that are all texts. */
class TextValues implements ValueColumn {
  readonly rows: Uint32Array;
  readonly #texts: TextColumn;

  constructor(rows: Uint32Array, texts: TextColumn) {
    this.rows = rows;
    this.#texts = texts;
  }

  asDictionary(): DictionaryColumn | undefined {
    return this.#texts.asDictionary();
  }

  value(place: number): unknown {
    return this.#texts.value(place);
  }

  json(): undefined {
    return undefined;
  }

  all(): unknown[] {
    return this.#texts.all();
  }

  markContaining(needle: string, hits: Uint8Array): void {
    this.#texts.markContaining(needle, hits);
  }

  markWhere(test: (value: unknown) => boolean, hits: Uint8Array): void {
    this.#texts.markWhere(test, hits);
  }
}

/** A needle that String(number) may contain. */
const NUMERIC = /^[0-9e.+-]*$/;

/** Half a surrogate pair is escaped in JSON, so the JSON of a text does not show it. */
const HIDDEN = /\p{Surrogate}/u;

/** Values of any types. */
class TypedValues implements ValueColumn {
  readonly rows: Uint32Array;
  readonly #types: Uint8Array;
  /** For each place its index in the numbers or the texts. */
  readonly #indexes: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #texts: TextColumn;

  constructor(rows: Uint32Array, reader: ByteReader) {
    this.rows = rows;
    this.#types = reader.raw(rows.length);
    this.#indexes = new Uint32Array(rows.length);
    let numberCount = 0;
    let textCount = 0;
    for (let place = 0; place < rows.length; place++) {
      const type = this.#types[place] as number;
      if (type === VALUE_TYPE.number) this.#indexes[place] = numberCount++;
      else if (type === VALUE_TYPE.string || type === VALUE_TYPE.json) this.#indexes[place] = textCount++;
      else if (type > VALUE_TYPE.json) throw new RangeError(`unknown value type ${type}`);
    }
    this.#numbers = readNumbers(reader, numberCount);
    this.#texts = new PlainTexts(reader, textCount);
  }

  asDictionary(): undefined {
    return undefined;
  }

  value(place: number): unknown {
    const index = this.#indexes[place] as number;
    const type = this.#types[place];
    if (type === VALUE_TYPE.number) return this.#numbers[index];
    if (type === VALUE_TYPE.string) return this.#texts.value(index);
    if (type === VALUE_TYPE.json) return parsed(this.#texts.value(index));
    return type === VALUE_TYPE.null ? null : type === VALUE_TYPE.true;
  }

  json(place: number): string | undefined {
    return this.#types[place] === VALUE_TYPE.json ? this.#texts.value(this.#indexes[place] as number) : undefined;
  }

  all(): unknown[] {
    const texts = this.#texts.all();
    const values: unknown[] = [];
    for (let place = 0; place < this.rows.length; place++) {
      const type = this.#types[place];
      const text = texts[this.#indexes[place] as number];
      if (type === VALUE_TYPE.string) values.push(text);
      else if (type === VALUE_TYPE.json) values.push(parsed(text));
      else values.push(this.value(place));
    }
    return values;
  }

  markContaining(needle: string, hits: Uint8Array): void {
    const strings = new Uint8Array(this.#texts.count);
    this.#texts.markContaining(needle, strings);
    const isNumeric = NUMERIC.test(needle);
    const isTrue = "true".includes(needle);
    const isFalse = "false".includes(needle);
    const isNull = "null".includes(needle);
    let objects: Uint8Array | undefined;
    for (let place = 0; place < this.rows.length; place++) {
      const index = this.#indexes[place] as number;
      const type = this.#types[place];
      let isHit = false;
      if (type === VALUE_TYPE.string) isHit = strings[index] === 1;
      else if (type === VALUE_TYPE.number) isHit = isNumeric && String(this.#numbers[index]).includes(needle);
      else if (type === VALUE_TYPE.true) isHit = isTrue;
      else if (type === VALUE_TYPE.false) isHit = isFalse;
      else if (type === VALUE_TYPE.null) isHit = isNull;
      else {
        objects ??= this.#mayContain(needle, strings);
        isHit = objects[index] === 1 && hasLeaf(this.value(place), needle);
      }
      if (isHit) hits[place] = 1;
    }
  }

  markWhere(test: (value: unknown) => boolean, hits: Uint8Array): void {
    for (let place = 0; place < this.rows.length; place++) if (test(this.value(place))) hits[place] = 1;
  }

  /**
   * 1 for each text that may be JSON with the needle in a leaf. `strings` marks the texts that contain the needle as it
   * is.
   */
  #mayContain(needle: string, strings: Uint8Array): Uint8Array {
    if (HIDDEN.test(needle)) return new Uint8Array(this.#texts.count).fill(1);
    const escaped = JSON.stringify(needle).slice(1, -1);
    if (escaped === needle) return strings;
    const marked = new Uint8Array(this.#texts.count);
    this.#texts.markContaining(escaped, marked);
    return marked;
  }
}

function parsed(text: string | undefined): unknown {
  return orDamaged(() => valueAt(text as string, 0, (text as string).length));
}

/** Whether the text of some leaf contains the needle, which is folded. Recursion is bounded by METADATA_DEPTH_MAX. */
export function hasLeaf(value: unknown, needle: string): boolean {
  if (typeof value === "string") return foldText(value).includes(needle);
  if (value === null || typeof value !== "object") return String(value).includes(needle);
  return Object.values(value).some((member) => hasLeaf(member, needle));
}
