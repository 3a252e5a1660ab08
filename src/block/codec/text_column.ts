// Where each text of a plain column begins, in UTF-16 units as it is stored, and in bytes of UTF-8 as it lies.
// A column of texts as it is read: plain (one piece of UTF-8, cut by lengths) or a dictionary, whose entries are tested once
// each. Plain text is searched as it lies: a needle without letters in the bytes, any other as a regular expression without regard to
// case in the bytes as one Latin-1 string; each hit is mapped to its place by the texts' starts in bytes. A string is made only of what
// is asked for.
//
// Measured on 65,536 texts of 150 characters (10 MB), any needle: 1 to 6 ms, after 1 ms for the Latin-1 string, and without letters a
// tenth of both. The whole in lower case first would be 7 ms and then 1 to 12 ms, a string a text 17 ms. Where the needle is not
// ASCII, or a text holds one of the two characters that fold to ASCII (U+017F, U+212A), the decoded text is searched, or text by
// text: up to 25 ms.

import { isAscii } from "node:buffer";
import { FOLDED_TO_ASCII, foldText } from "../../core/case_folding.ts";
import { copyOf } from "../../core/text_copy.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { BlockDamagedError } from "./damage.ts";
import { type DictionaryColumn, fromDictionary, type OptionalText, readDictionary } from "./dictionary.ts";

/** How a column's values are written; its first byte. */
export const COLUMN_FORM = { plain: 0, dictionary: 1, typed: 2, chunks: 3 } as const;

/** Writes strings in the plain form, behind the byte that says so. */
export function writeTexts(writer: ByteWriter, values: ArrayLike<OptionalText>): void {
  writer.byte(COLUMN_FORM.plain);
  writePlainTexts(writer, values);
}

/** Texts, one a place; searched without making a string of each. */
export interface TextColumn {
  readonly count: number;
  /** Whether there is a text at a place; cheaper than to get it. */
  has(place: number): boolean;
  /** The text at a place, or undefined where there is none. */
  value(place: number): string | undefined;
  /** As `value`, its first so many units; half a surrogate pair at the cut is U+FFFD. */
  beginning(place: number, lengthMax: number): string | undefined;
  /**
   * Sets `hits[place] = 1` for each text that contains the needle, whatever the case of either. The needle is
   * folded: as foldText gives it. Places that have no 1 in `wanted` may be left out.
   */
  markContaining(needle: string, hits: Uint8Array, wanted?: Uint8Array): void;
  /** Sets `hits[place] = 1` for each text that the test accepts; it is asked once for each different text where they repeat. */
  markWhere(test: (text: string) => boolean, hits: Uint8Array): void;
  /** Where texts repeat, the different ones, and for each place the number of its own from 1 on, 0 for none; else undefined. */
  asDictionary(): DictionaryColumn | undefined;
}

export function writePlainTexts(writer: ByteWriter, values: ArrayLike<OptionalText>): void {
  const lengths = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    lengths[row] = value === undefined ? 0 : value.length + 1;
  }
  writer.unsignedAll(lengths);
  writer.utf8(Array.isArray(values) ? values.join("") : Array.from(values).join(""));
}

/** `starts` has one more than there are texts: where the last one ends. An absent text takes no room. */
export interface TextLengths {
  readonly isPresent: Uint8Array;
  /** In UTF-16 units. */
  readonly starts: Uint32Array;
}

/** Reads the lengths of `count` texts: 0 is absent, n is n − 1 units. */
export function readLengths(reader: ByteReader, count: number): TextLengths {
  const isPresent = new Uint8Array(count);
  const starts = new Uint32Array(count + 1);
  const lengths = reader.unsignedAll(count);
  let at = 0;
  for (let place = 0; place < count; place++) {
    const length = lengths[place] as number;
    if (length > 0) {
      isPresent[place] = 1;
      at += length - 1;
    }
    starts[place + 1] = at;
  }
  if (at > 0xffffffff) throw new RangeError("string column is too long");
  return { isPresent, starts };
}

/** The texts, all cut from one string. */
export function cutText(text: string, { isPresent, starts }: TextLengths): OptionalText[] {
  const values = new Array<OptionalText>(isPresent.length);
  for (let place = 0; place < isPresent.length; place++) {
    values[place] = isPresent[place] === 1 ? text.slice(starts[place], starts[place + 1]) : undefined;
  }
  return values;
}

/** Bytes that are looked at in one native call: where all are ASCII, nothing is counted. */
const CHUNK_BYTES = 1024;

/** The starts in bytes, of text that is UTF-8. Throws BlockDamagedError where the text does not have those units. */
export function byteStarts(bytes: Uint8Array, unitStarts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(unitStarts.length);
  let at = 0;
  // Up to here the bytes are known: all ASCII, or not.
  let knownUntil = 0;
  let isPlain = true;
  for (let place = 1; place < unitStarts.length; place++) {
    let units = (unitStarts[place] as number) - (unitStarts[place - 1] as number);
    while (units > 0) {
      if (at >= knownUntil) {
        knownUntil = at + CHUNK_BYTES;
        isPlain = isAscii(bytes.subarray(at, knownUntil));
      }
      if (isPlain) {
        const step = Math.min(units, knownUntil - at);
        at += step;
        units -= step;
        continue;
      }
      const lead = bytes[at] as number;
      at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      units -= lead < 0xf0 ? 1 : 2;
    }
    starts[place] = at;
  }
  if (at !== bytes.length) throw new BlockDamagedError("string column does not end where its text does");
  return starts;
}

/** A text column that also gives all its texts at once. */
export interface Texts extends TextColumn {
  all(): OptionalText[];
}

/** Reads a column of `count` texts, plain or a dictionary, behind its form. */
export function readTexts(form: number, reader: ByteReader, count: number): Texts {
  if (form === COLUMN_FORM.plain) return new PlainTexts(reader, count);
  if (form === COLUMN_FORM.dictionary) return new DictionaryTexts(readDictionary(reader, count));
  throw new RangeError(`unknown string form ${form}`);
}

const ASCII = /^[\0-\x7f]*$/;

const LETTER = /[a-z]/;

export class PlainTexts implements Texts {
  readonly count: number;
  readonly #lengths: TextLengths;
  readonly #bytes: Buffer;
  readonly #isAscii: boolean;
  #byteStarts: Uint32Array | undefined;
  #latin1: string | undefined;
  #decoded: string | undefined;
  #folded: string | undefined;
  #turnsAscii: { readonly k: boolean; readonly s: boolean } | undefined;

  /** Takes the lengths of `count` texts, and the rest of the reader as their text. */
  constructor(reader: ByteReader, count: number) {
    this.count = count;
    this.#lengths = readLengths(reader, count);
    const bytes = reader.rest();
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const units = this.#lengths.starts[count] as number;
    if (bytes.length < units || bytes.length > 3 * units) {
      throw new RangeError("string column does not end where its text does");
    }
    this.#isAscii = bytes.length === units;
  }

  asDictionary(): undefined {
    return undefined;
  }

  has(place: number): boolean {
    return this.#lengths.isPresent[place] === 1;
  }

  value(place: number): OptionalText {
    if (!this.has(place)) return undefined;
    const starts = this.#startsInBytes();
    return this.#bytes.toString(this.#isAscii ? "latin1" : "utf8", starts[place], starts[place + 1]);
  }

  all(): OptionalText[] {
    return cutText(this.#text(), this.#lengths);
  }

  /** All texts one behind the other: text n lies from `starts[n]` to `starts[n + 1]`. */
  whole(): { readonly text: string; readonly starts: Uint32Array } {
    return { text: this.#text(), starts: this.#lengths.starts };
  }

  beginning(place: number, lengthMax: number): OptionalText {
    const { starts } = this.#lengths;
    const length = (starts[place + 1] as number) - (starts[place] as number);
    if (length <= lengthMax || !this.has(place)) return this.value(place);
    const byteStarts = this.#startsInBytes();
    const from = byteStarts[place] as number;
    if (this.#isAscii) return this.#bytes.toString("latin1", from, from + lengthMax);
    // A unit has three bytes at most; one more than is wanted, so that no character is cut where it need not.
    const to = Math.min(byteStarts[place + 1] as number, from + 3 * lengthMax + 3);
    return cutBeginning(this.#bytes.toString("utf8", from, to), lengthMax);
  }

  markContaining(needle: string, hits: Uint8Array): void {
    if (needle === "") this.#markPresent(hits);
    else if (!ASCII.test(needle)) this.#markDecoded(needle, hits);
    else if (!LETTER.test(needle)) this.#markUncased(needle, hits);
    else if (this.#mayTurnInto(needle)) this.#markEach(needle, hits);
    else this.#markBytes(needle, hits);
  }

  markWhere(test: (text: string) => boolean, hits: Uint8Array): void {
    for (let place = 0; place < this.count; place++) {
      const text = this.value(place);
      if (text !== undefined && test(text)) hits[place] = 1;
    }
  }

  #markPresent(hits: Uint8Array): void {
    for (let place = 0; place < this.count; place++) if (this.has(place)) hits[place] = 1;
  }

  /** An ASCII needle without a letter: its bytes are what they are. */
  #markUncased(needle: string, hits: Uint8Array): void {
    const bytes = Buffer.from(needle, "latin1");
    markHits(
      (from) => this.#bytes.indexOf(bytes, from),
      needle.length,
      () => this.#startsInBytes(),
      hits,
    );
  }

  /** An ASCII needle in the bytes: other characters' bytes are no ASCII, so a byte is as good as a character. */
  #markBytes(needle: string, hits: Uint8Array): void {
    this.#latin1 ??= this.#bytes.toString("latin1");
    const text = this.#latin1;
    const pattern = new RegExp(needle.replace(/[^A-Za-z0-9]/g, escapeUnit), "gi");
    const find = (from: number): number => {
      pattern.lastIndex = from;
      return pattern.test(text) ? pattern.lastIndex - needle.length : -1;
    };
    markHits(find, needle.length, () => this.#startsInBytes(), hits);
  }

  #markDecoded(needle: string, hits: Uint8Array): void {
    if (this.#isAscii) return;
    this.#folded ??= foldText(this.#text());
    const text = this.#folded;
    // Folding keeps each unit where it is.
    markHits(
      (from) => text.indexOf(needle, from),
      needle.length,
      () => this.#lengths.starts,
      hits,
    );
  }

  #markEach(needle: string, hits: Uint8Array): void {
    this.markWhere((text) => foldText(text).includes(needle), hits);
  }

  /** Whether a character that is not ASCII may fold to a part of the needle. */
  #mayTurnInto(needle: string): boolean {
    if (this.#isAscii) return false;
    const { k, s } = FOLDED_TO_ASCII;
    this.#turnsAscii ??= { k: this.#bytes.includes(k), s: this.#bytes.includes(s) };
    return (this.#turnsAscii.k && needle.includes("k")) || (this.#turnsAscii.s && needle.includes("s"));
  }

  #text(): string {
    if (this.#isAscii) {
      this.#latin1 ??= this.#bytes.toString("latin1");
      return this.#latin1;
    }
    if (this.#decoded === undefined) {
      this.#decoded = this.#bytes.toString("utf8");
      if (this.#decoded.length !== this.#lengths.starts[this.count]) {
        throw new BlockDamagedError("string column does not end where its text does");
      }
    }
    return this.#decoded;
  }

  #startsInBytes(): Uint32Array {
    if (this.#isAscii) return this.#lengths.starts;
    this.#byteStarts ??= byteStarts(this.#bytes, this.#lengths.starts);
    return this.#byteStarts;
  }
}

function escapeUnit(unit: string): string {
  return `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Maps each hit to its place; one that lies across two places is none. `find` gives the next hit from a position on, or −1. */
function markHits(find: (from: number) => number, length: number, startsOf: () => Uint32Array, hits: Uint8Array): void {
  let at = find(0);
  if (at < 0) return;
  const starts = startsOf();
  let place = 0;
  while (at >= 0) {
    while ((starts[place + 1] as number) <= at) place++;
    const end = starts[place + 1] as number;
    const isInside = at + length <= end;
    if (isInside) hits[place] = 1;
    at = find(isInside ? end : at + 1);
  }
}

/** The first so many units; half a surrogate pair at the cut is U+FFFD. A copy, so that the whole text is not kept. */
export function cutBeginning(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : copyOf(text.slice(0, lengthMax).toWellFormed());
}

export class DictionaryTexts implements Texts {
  readonly column: DictionaryColumn;

  constructor(column: DictionaryColumn) {
    this.column = column;
  }

  get count(): number {
    return this.column.codes.length;
  }

  asDictionary(): DictionaryColumn {
    return this.column;
  }

  has(place: number): boolean {
    return this.column.codes[place] !== 0;
  }

  beginning(place: number, lengthMax: number): OptionalText {
    const text = this.value(place);
    return text === undefined ? undefined : cutBeginning(text, lengthMax);
  }

  value(place: number): OptionalText {
    return this.column.dictionary[(this.column.codes[place] as number) - 1];
  }

  all(): OptionalText[] {
    return fromDictionary(this.column);
  }

  markContaining(needle: string, hits: Uint8Array): void {
    this.markWhere((text) => foldText(text).includes(needle), hits);
  }

  markWhere(test: (text: string) => boolean, hits: Uint8Array): void {
    const { dictionary, codes } = this.column;
    const accepted = new Uint8Array(dictionary.length + 1);
    let isAny = false;
    dictionary.forEach((text, index) => {
      if (!test(text)) return;
      accepted[index + 1] = 1;
      isAny = true;
    });
    if (!isAny) return;
    for (let place = 0; place < codes.length; place++) if (accepted[codes[place] as number] === 1) hits[place] = 1;
  }
}
