// A column of texts. Plain: lengths, then all texts as UTF-8, so the column decodes in one native call. Or
// dictionary-encoded: each distinct text is tested once. Plain texts are searched in their bytes: a needle without
// letters as bytes, any other as a case-insensitive regular expression over the bytes as one Latin-1 string. Each hit
// is mapped to its place. A string is made only of a text that is asked for.
//
// Measured on 65,536 texts of 150 characters (10 MB), any needle: 1 to 6 ms, after 1 ms for the Latin-1 string; a tenth
// of both without letters. Lower-casing all first took 7 ms and then 1 to 12 ms, a string a text 17 ms. Where the
// needle is not ASCII, or the texts hold one of the two characters that fold to ASCII (U+017F, U+212A), the decoded
// texts are searched, or text by text: up to 25 ms.

import { isAscii } from "node:buffer";
import { FOLDED_TO_ASCII, foldText } from "../../core/case_folding.ts";
import { copyOf } from "../../core/text_copy.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { BlockDamagedError } from "./damage.ts";
import { type DictionaryColumn, fromDictionary, type OptionalText, readDictionary } from "./dictionary.ts";

/**
 * The form of a column of texts or JSON values: its first byte. `typed` is of value_column.ts, `chunks` of
 * chunked_texts.ts.
 */
export const COLUMN_FORM = { plain: 0, dictionary: 1, typed: 2, chunks: 3 } as const;

/** Writes texts in the plain form, after the byte of the form. */
export function writeTexts(writer: ByteWriter, values: ArrayLike<OptionalText>): void {
  writer.byte(COLUMN_FORM.plain);
  writePlainTexts(writer, values);
}

/** Texts, one a place, that are searched without a string of each. */
export interface TextColumn {
  readonly count: number;
  /** Whether there is a text at a place; cheaper than `value`. */
  has(place: number): boolean;
  /** The text at a place, or undefined where there is none. */
  value(place: number): OptionalText;
  /** All texts, one a place. */
  all(): OptionalText[];
  /** The first `lengthMax` UTF-16 units of the text at a place; half a surrogate pair at the cut becomes U+FFFD. */
  beginning(place: number, lengthMax: number): OptionalText;
  /**
   * Sets `hits[place] = 1` for each text that contains the needle, whatever the case; the needle is folded (foldText).
   * Places without a 1 in `wanted` may be left out.
   */
  markContaining(needle: string, hits: Uint8Array, wanted?: Uint8Array): void;
  /**
   * Sets `hits[place] = 1` for each text that the test accepts. The test is called once for each distinct text of a
   * dictionary.
   */
  markWhere(test: (text: string) => boolean, hits: Uint8Array): void;
  /** The dictionary and the codes where the column is dictionary-encoded, else undefined. */
  asDictionary(): DictionaryColumn | undefined;
}

/** Writes the plain form: the length of each text in UTF-16 units plus 1 (0 for none), then all texts as UTF-8. */
export function writePlainTexts(writer: ByteWriter, values: ArrayLike<OptionalText>): void {
  const lengths = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    lengths[row] = value === undefined ? 0 : value.length + 1;
  }
  writer.unsignedAll(lengths);
  writer.utf8(Array.isArray(values) ? values.join("") : Array.from(values).join(""));
}

/** Where texts lie: text n from `starts[n]` to `starts[n + 1]`. An absent text takes no room. */
interface TextLengths {
  readonly isPresent: Uint8Array;
  /** In UTF-16 units. */
  readonly starts: Uint32Array;
}

/** Reads the lengths of `count` texts. Throws RangeError. */
function readLengths(reader: ByteReader, count: number): TextLengths {
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

/** Cuts the texts from one string. */
function cutText(text: string, { isPresent, starts }: TextLengths): OptionalText[] {
  const values = new Array<OptionalText>(isPresent.length);
  for (let place = 0; place < isPresent.length; place++) {
    values[place] = isPresent[place] === 1 ? text.slice(starts[place], starts[place + 1]) : undefined;
  }
  return values;
}

/** Bytes of one native check for ASCII; units are counted only where it fails. */
const ASCII_CHECK_BYTES = 1024;

/**
 * Where texts start in bytes of UTF-8, from their starts in UTF-16 units. Throws BlockDamagedError where the two do not
 * fit.
 */
export function byteStarts(bytes: Uint8Array, unitStarts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(unitStarts.length);
  let at = 0;
  // The bytes up to here were checked for ASCII.
  let knownUntil = 0;
  let isPlain = true;
  for (let place = 1; place < unitStarts.length; place++) {
    let units = (unitStarts[place] as number) - (unitStarts[place - 1] as number);
    while (units > 0) {
      if (at >= knownUntil) {
        knownUntil = at + ASCII_CHECK_BYTES;
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

/**
 * Reads a column of `count` texts in the plain or the dictionary form, after the byte of the form. Throws RangeError.
 */
export function readTexts(form: number, reader: ByteReader, count: number): TextColumn {
  if (form === COLUMN_FORM.plain) return new PlainTexts(reader, count);
  if (form === COLUMN_FORM.dictionary) return new DictionaryTexts(readDictionary(reader, count));
  throw new RangeError(`unknown string form ${form}`);
}

const ASCII = /^[\0-\x7f]*$/;

const LETTER = /[a-z]/;

/** Texts in the plain form. */
export class PlainTexts implements TextColumn {
  readonly count: number;
  readonly #lengths: TextLengths;
  readonly #bytes: Buffer;
  readonly #isAscii: boolean;
  #byteStarts: Uint32Array | undefined;
  #latin1: string | undefined;
  #decoded: string | undefined;
  #folded: string | undefined;
  #turnsAscii: { readonly k: boolean; readonly s: boolean } | undefined;

  /** Takes the rest of the reader: the lengths of `count` texts, then their bytes. Throws RangeError. */
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

  /** All texts in one string: text n lies from `starts[n]` to `starts[n + 1]`. */
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
    // A unit has three bytes at most. One unit more is decoded, so that no whole character is cut.
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

  /** An ASCII needle without letters is searched as bytes. */
  #markUncased(needle: string, hits: Uint8Array): void {
    const bytes = Buffer.from(needle, "latin1");
    markHits(
      (from) => this.#bytes.indexOf(bytes, from),
      needle.length,
      () => this.#startsInBytes(),
      hits,
    );
  }

  /** An ASCII needle is searched in the bytes, since no byte of another character is ASCII. */
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
    // Folding keeps the place of each unit.
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

  /** Whether the texts hold a character outside ASCII that folds to a letter of the needle. */
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

/** Maps each hit to its place; a hit across two texts is none. `find` gives the next hit from a position on, or −1. */
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

/**
 * The first `lengthMax` UTF-16 units; half a surrogate pair at the cut becomes U+FFFD. A copy, so that the whole text
 * can be freed.
 */
export function cutBeginning(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : copyOf(text.slice(0, lengthMax).toWellFormed());
}

/** Dictionary-encoded texts. */
export class DictionaryTexts implements TextColumn {
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
