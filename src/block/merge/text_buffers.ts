// Texts and JSON values of many blocks, one block's behind the other's. No string is made of a text: see text_arena.ts.

import type { ByteReader } from "../codec/bytes.ts";
import { readHead } from "../codec/chunked_texts.ts";
import { codeBytes } from "../codec/strings.ts";
import { FORM, TYPE } from "../codec/values.ts";
import { GatheredBytes, GatheredNumbers, GatheredRows, Places, type Scratch } from "./column_buffers.ts";
import { TextPool } from "./text_arena.ts";

/** Texts, one a place; 0 where there is none. */
export class GatheredTexts {
  readonly pool = new TextPool();
  readonly #texts = new Places();
  readonly #scratch: Scratch;
  /** Of the parts that are to come: texts of each, and the next one's number. */
  #parts = { texts: 0, next: 0 };

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  get length(): number {
    return this.#texts.length;
  }

  /** The number of each place's text; a view that the next appending ends. */
  view(): Uint32Array {
    return this.#texts.view();
  }

  clear(): void {
    this.pool.clear();
    this.#texts.length = 0;
  }

  /** The plain form: lengths, then all text. */
  appendPlain(reader: ByteReader, count: number): void {
    const lengths = this.#scratch.numbers(count);
    reader.unsignedInto(lengths, 0, count);
    const at = this.#texts.extend(count);
    this.pool.appendPlain(reader, lengths, count, this.#texts.values, at);
  }

  /** The dictionary form: entries, then codes by planes of a byte each. */
  appendDictionary(reader: ByteReader, count: number): void {
    const base = this.pool.count;
    const size = this.pool.appendDictionary(reader);
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

  /** Any form, behind a byte that says which; of the form in parts only the head, behind which they come. */
  append(reader: ByteReader, count: number): void {
    const form = reader.byte();
    if (form === FORM.plain) this.appendPlain(reader, count);
    else if (form === FORM.dictionary) this.appendDictionary(reader, count);
    else if (form === FORM.parts) this.#parts = { texts: readHead(reader, count).partTexts, next: 0 };
    else throw new RangeError(`unknown string form ${form}`);
  }

  /** A part of texts of which there will be `length` in all, once the last one is appended. */
  appendPart(reader: ByteReader, part: number, length: number): void {
    const { texts, next } = this.#parts;
    if (part !== next) throw new RangeError("a part is missing");
    this.#parts = { texts, next: next + 1 };
    this.appendPlain(reader, Math.min(texts, length - this.length));
  }
}

/** JSON values of some rows: their types, and texts or numbers of those that have one, in the order of their places. */
export class GatheredValues {
  readonly rows: GatheredRows;
  readonly types = new GatheredBytes();
  readonly texts: GatheredTexts;
  readonly numbers = new GatheredNumbers();
  #areAllStrings = true;

  constructor(scratch: Scratch) {
    this.rows = new GatheredRows(scratch);
    this.texts = new GatheredTexts(scratch);
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
    if (form === FORM.plain || form === FORM.dictionary) {
      this.types.appendZeros(length);
      if (form === FORM.plain) this.texts.appendPlain(reader, length);
      else this.texts.appendDictionary(reader, length);
      return;
    }
    if (form !== FORM.typed) throw new RangeError(`unknown value form ${form}`);
    const types = reader.raw(length);
    let numberCount = 0;
    let textCount = 0;
    for (const type of types) {
      if (type === TYPE.number) numberCount++;
      else if (type === TYPE.string || type === TYPE.json) textCount++;
      else if (type > TYPE.json) throw new RangeError(`unknown value type ${type}`);
      if (type !== TYPE.string) this.#areAllStrings = false;
    }
    this.types.append(types);
    this.numbers.append(reader, numberCount);
    this.texts.appendPlain(reader, textCount);
  }
}
