// A string arena: the texts of a merge's column as UTF-8 in one buffer, each found by its number, and which of them are
// equal. No string is made of a text. The bytes were checked by their block's checksum; lengths that do not fit them
// throw all the same.

import { type ByteReader, type ByteWriter, COPY_SLACK_BYTES } from "../codec/bytes.ts";
import { byteStarts } from "../codec/text_column.ts";
import { newSecret } from "../codec/text_table.ts";
import type { EncodedTexts } from "../filter/ngram_filter.ts";

/** Larger buffers are freed between merges. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;

/** Texts by number: text n, from 1 on, lies from `starts[n - 1]` to `starts[n]`; 0 is no text. */
export class StringArena {
  #bytes = new Uint8Array(64);
  #starts = new Uint32Array(16);
  /** Lengths in UTF-16 units, by number. */
  #units = new Uint32Array(16);
  #count = 0;
  #isAscii = true;
  #coded:
    | { readonly distinctMax: number; readonly count: number; readonly codes: DictionaryCodes | undefined }
    | undefined;

  /** The number of texts, and of the last one. */
  get count(): number {
    return this.#count;
  }

  get byteCount(): number {
    return this.#starts[this.#count] as number;
  }

  /** The length of each of these texts in UTF-16 units plus 1, 0 for none. */
  lengths(texts: Uint32Array): Uint32Array {
    const lengths = new Uint32Array(texts.length);
    for (let place = 0; place < texts.length; place++) {
      const text = texts[place] as number;
      if (text !== 0) lengths[place] = (this.#units[text] as number) + 1;
    }
    return lengths;
  }

  /** The bytes of a text: a view until the next append. */
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

  /**
   * Appends the rest of the reader as `count` texts of these lengths (UTF-16 units plus 1, 0 for none), and sets
   * `texts[at + place]` to their numbers. Throws RangeError.
   */
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

  /**
   * Appends the entries of a dictionary, numbered from `count + 1` on, and returns how many there are. Throws
   * RangeError.
   */
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

  /** Writes the bytes of these texts; 0 writes nothing. */
  writeBytes(writer: ByteWriter, texts: Uint32Array): void {
    writer.slices(this.#bytes, this.#starts, texts);
  }

  /** Where these texts will lie once written: text n from `ends[n]` to `ends[n + 1]`. */
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

  /** Dictionary codes of all texts; undefined where more than `distinctMax` are distinct. The last result is kept. */
  codes(distinctMax: number): DictionaryCodes | undefined {
    if (this.#coded?.distinctMax !== distinctMax || this.#coded.count !== this.#count) {
      this.#coded = {
        distinctMax,
        count: this.#count,
        codes: findDictionaryCodes(this.#bytes, this.#starts, this.#count, distinctMax),
      };
    }
    return this.#coded.codes;
  }

  /** Makes room for more texts and bytes. */
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
    // A continuation byte counts nothing; the lead of four bytes is a surrogate pair.
    if ((byte & 0xc0) !== 0x80) units += byte < 0xf0 ? 1 : 2;
  }
  return units;
}

function grown(values: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(length, 2 * values.length));
  larger.set(values);
  return larger;
}

/**
 * Codes of texts, from 1 on; equal texts have the same: `codes[n]` is that of text n, `texts[code - 1]` the first text
 * of a code.
 */
export interface DictionaryCodes {
  readonly codes: Uint32Array;
  readonly texts: readonly number[];
}

/**
 * Finds equal texts among texts 1 to `count`; text n lies from `starts[n - 1]` to `starts[n]`. Undefined where more
 * than `distinctMax` are distinct. The hash has a secret, so texts cannot be crafted to collide.
 */
export function findDictionaryCodes(
  bytes: Uint8Array,
  starts: Uint32Array,
  count: number,
  distinctMax: number,
): DictionaryCodes | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const slotCount = 2 ** Math.ceil(Math.log2(2 * Math.min(distinctMax, count) + 2));
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
      if (texts.length === distinctMax) return undefined;
      code = texts.push(text);
      slots[slot] = code;
    }
    codes[text] = code;
  }
  return { codes, texts };
}

/** The hash of TextHash over bytes: the second multiplication keeps the next bytes from undoing the change of these. */
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

/** Whether the bytes at `otherFrom` are those from `from` to `to`. */
function areEqual(view: DataView, from: number, to: number, otherFrom: number): boolean {
  let at = from;
  let other = otherFrom;
  for (; at + 4 <= to; at += 4, other += 4) {
    if (view.getInt32(at, true) !== view.getInt32(other, true)) return false;
  }
  for (; at < to; at++, other++) if (view.getUint8(at) !== view.getUint8(other)) return false;
  return true;
}
