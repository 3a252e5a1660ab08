// Texts of many blocks on their way into one, as UTF-8 that no string is made of: one behind the other, each found by its number.
// Text n (from 1 on; 0 is no text) lies from `starts[n - 1]` to `starts[n]`. What is appended was checked by its block's checksum;
// lengths that do not fit it throw all the same.
// Which of many texts are equal, without a string of any: a table of different texts by a hash of their bytes. The hash has a secret,
// as the table of strings has, so texts cannot be crafted to meet.

import { type ByteReader, type ByteWriter, COPY_SLACK_BYTES } from "../codec/bytes.ts";
import { byteStarts } from "../codec/text_column.ts";
import { newSecret } from "../codec/text_table.ts";
import type { EncodedTexts } from "../filter/ngram_filter.ts";

/** Buffers larger than this are given back between merges. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;

export class StringArena {
  #bytes = new Uint8Array(64);
  #starts = new Uint32Array(16);
  /** Lengths in UTF-16 units, by number. */
  #units = new Uint32Array(16);
  #count = 0;
  #isAscii = true;
  #coded:
    | { readonly differentMax: number; readonly count: number; readonly codes: DictionaryCodes | undefined }
    | undefined;

  /** How many texts there are: the number of the last one. */
  get count(): number {
    return this.#count;
  }

  get byteCount(): number {
    return this.#starts[this.#count] as number;
  }

  /** Of each of these texts its UTF-16 units plus one, 0 for none. */
  lengths(texts: Uint32Array): Uint32Array {
    const lengths = new Uint32Array(texts.length);
    for (let place = 0; place < texts.length; place++) {
      const text = texts[place] as number;
      if (text !== 0) lengths[place] = (this.#units[text] as number) + 1;
    }
    return lengths;
  }

  /** A view of the bytes of text n, until the next call that appends or writes. */
  bytesOf(text: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[text - 1], this.#starts[text]);
  }

  text(text: number): string {
    const from = this.#starts[text - 1];
    return Buffer.from(this.#bytes.buffer, from, (this.#starts[text] as number) - (from as number)).toString("utf8");
  }

  clear(): void {
    this.#count = 0;
    this.#isAscii = true;
    this.#coded = undefined;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = new Uint8Array(64);
  }

  /** Appends the rest of the reader as texts of these lengths in UTF-16 units plus one, 0 for none; the `texts[at + place]` are set. */
  appendPlain(reader: ByteReader, lengths: Float64Array, count: number, texts: Uint32Array, at: number): void {
    const bytes = reader.rest();
    let units = 0;
    let present = 0;
    for (let place = 0; place < count; place++) {
      const length = lengths[place] as number;
      if (length === 0) continue;
      units += length - 1;
      present++;
    }
    if (bytes.length < units || bytes.length > 3 * units) {
      throw new RangeError("string column does not end where its text does");
    }
    this.#reserve(present, bytes.length);
    const base = this.byteCount;
    this.#bytes.set(bytes, base);
    if (bytes.length === units) this.#addAscii(base, lengths, count, texts, at);
    else this.#addOthers(base, bytes, lengths, count, texts, at);
  }

  #addAscii(base: number, lengths: Float64Array, count: number, texts: Uint32Array, at: number): void {
    let end = base;
    let text = this.#count;
    for (let place = 0; place < count; place++) {
      const length = lengths[place] as number;
      if (length === 0) {
        texts[at + place] = 0;
        continue;
      }
      texts[at + place] = ++text;
      end += length - 1;
      this.#units[text] = length - 1;
      this.#starts[text] = end;
    }
    this.#count = text;
  }

  #addOthers(
    base: number,
    bytes: Uint8Array,
    lengths: Float64Array,
    count: number,
    texts: Uint32Array,
    at: number,
  ): void {
    const unitStarts = new Uint32Array(count + 1);
    for (let place = 0; place < count; place++) {
      unitStarts[place + 1] = (unitStarts[place] as number) + Math.max(0, (lengths[place] as number) - 1);
    }
    const starts = byteStarts(bytes, unitStarts);
    this.#isAscii = false;
    for (let place = 0; place < count; place++) {
      const length = lengths[place] as number;
      if (length > 0) {
        this.#units[++this.#count] = length - 1;
        this.#starts[this.#count] = base + (starts[place + 1] as number);
      }
      texts[at + place] = length > 0 ? this.#count : 0;
    }
  }

  /** Appends the entries of a dictionary; the first one gets the number `count + 1`. Answers how many there are. */
  appendDictionary(reader: ByteReader): number {
    const size = reader.unsigned();
    for (let entry = 0; entry < size; entry++) {
      const length = reader.unsigned();
      if (length > reader.left) throw new RangeError("column ends early");
      this.#reserve(1, length);
      const start = this.byteCount;
      reader.copyInto(this.#bytes, start, length);
      this.#units[++this.#count] = unitsOf(this.#bytes, start, start + length);
      this.#starts[this.#count] = start + length;
      if (this.#units[this.#count] !== length) this.#isAscii = false;
    }
    return size;
  }

  /** Writes these texts' bytes one behind the other; 0 writes nothing. */
  writeBytes(writer: ByteWriter, texts: Uint32Array): void {
    writer.slices(this.#bytes, this.#starts, texts);
  }

  /** Where these texts end once they lie one behind the other; one more than there are texts, the first one 0. */
  endsOf(texts: Uint32Array): Uint32Array {
    const ends = new Uint32Array(texts.length + 1);
    for (let place = 0, end = 0; place < texts.length; place++) {
      const text = texts[place] as number;
      if (text !== 0) end += (this.#starts[text] as number) - (this.#starts[text - 1] as number);
      ends[place + 1] = end;
    }
    return ends;
  }

  /** All texts: views, until the next call that appends. */
  encoded(): EncodedTexts {
    return {
      bytes: this.#bytes.subarray(0, this.byteCount),
      ends: this.#starts.subarray(0, this.#count + 1),
      isAscii: this.#isAscii,
    };
  }

  /** Finds out which texts are equal; undefined when more than `differentMax` differ. Asked again it knows. */
  codes(differentMax: number): DictionaryCodes | undefined {
    if (this.#coded?.differentMax !== differentMax || this.#coded.count !== this.#count) {
      this.#coded = {
        differentMax,
        count: this.#count,
        codes: findDictionaryCodes(this.#bytes, this.#starts, this.#count, differentMax),
      };
    }
    return this.#coded.codes;
  }

  /** Makes room for so many more texts and bytes. */
  #reserve(texts: number, bytes: number): void {
    const textsNeeded = this.#count + texts + 1;
    if (textsNeeded > this.#starts.length) {
      this.#starts = grown(this.#starts, textsNeeded);
      this.#units = grown(this.#units, textsNeeded);
    }
    const bytesNeeded = this.byteCount + bytes + COPY_SLACK_BYTES;
    if (bytesNeeded <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(bytesNeeded, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.byteCount));
    this.#bytes = larger;
  }
}

/** UTF-16 units of UTF-8. */
function unitsOf(bytes: Uint8Array, from: number, to: number): number {
  let units = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    // A byte that goes on with a character counts nothing, the lead of four bytes is a pair.
    if ((byte & 0xc0) !== 0x80) units += byte < 0xf0 ? 1 : 2;
  }
  return units;
}

function grown(values: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(length, 2 * values.length));
  larger.set(values);
  return larger;
}

/** Texts that are equal have one code: `codes[n]` is text n's, from 1 on; `texts[code - 1]` is the first text that has it. */
export interface DictionaryCodes {
  readonly codes: Uint32Array;
  readonly texts: readonly number[];
}

/**
 * Codes of texts 1 to `count`, of which text n lies from `starts[n - 1]` to `starts[n]`; undefined when more than `differentMax`
 * differ.
 */
export function findDictionaryCodes(
  bytes: Uint8Array,
  starts: Uint32Array,
  count: number,
  differentMax: number,
): DictionaryCodes | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const slotCount = 2 ** Math.ceil(Math.log2(2 * Math.min(differentMax, count) + 2));
  const slots = new Uint32Array(slotCount);
  const codes = new Uint32Array(count + 1);
  const texts: number[] = [];
  const [first, second, start] = newSecret();
  for (let text = 1; text <= count; text++) {
    const from = starts[text - 1] as number;
    const to = starts[text] as number;
    let slot = hashOf(view, from, to, first, second, start) & (slotCount - 1);
    let code = slots[slot] as number;
    while (code !== 0) {
      const known = texts[code - 1] as number;
      const knownFrom = starts[known - 1] as number;
      if ((starts[known] as number) - knownFrom === to - from && areEqual(view, from, to, knownFrom)) break;
      slot = (slot + 1) & (slotCount - 1);
      code = slots[slot] as number;
    }
    if (code === 0) {
      if (texts.length === differentMax) return undefined;
      code = texts.push(text);
      slots[slot] = code;
    }
    codes[text] = code;
  }
  return { codes, texts };
}

/** As the table of strings does it: a second multiplication keeps the next bytes from undoing what these changed. */
function hashOf(view: DataView, from: number, to: number, first: number, second: number, start: number): number {
  let hash = start ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), first);
    hash = Math.imul(hash ^ (hash >>> 15), second);
  }
  for (; at < to; at++) {
    hash = Math.imul(hash ^ view.getUint8(at), first);
    hash = Math.imul(hash ^ (hash >>> 15), second);
  }
  return hash ^ (hash >>> 16);
}

/** Whether there are the same bytes at `from` and at `otherFrom`. */
function areEqual(view: DataView, from: number, to: number, otherFrom: number): boolean {
  let at = from;
  let other = otherFrom;
  for (; at + 4 <= to; at += 4, other += 4) {
    if (view.getInt32(at, true) !== view.getInt32(other, true)) return false;
  }
  for (; at < to; at++, other++) if (view.getUint8(at) !== view.getUint8(other)) return false;
  return true;
}
