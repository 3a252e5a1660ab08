// An n-gram filter: the runs of four bytes in some texts, hashed into a bitmap, so that a search can skip texts without
// its words. It has false positives and no false negatives. Letters are folded, and every digit counts as 0, since ids
// and numbers would fill the bitmap. Bytes outside ASCII, the byte 0 and n-grams that a number may consist of are not
// covered: the other n-grams of a needle decide.
//
// Building runs on the compactor's thread, in plain loops over UTF-8. Measured with real lines, 65,536 records and 6 MB
// of text: 24 ms, 4 ns a byte, where encoding the columns takes 40 ms. The filter has 2 to 25 KB, 0.1 to 1 % of the
// block. A field of nothing but noise (64,000 tokens of 32 letters) gets none.

import { FOLDED_TO_ASCII } from "../../core/case_folding.ts";
import { type ByteReader, ByteWriter } from "../codec/bytes.ts";
import { forEachLeaf, isNumberAt, leafTextAt } from "../codec/json_text.ts";

/** Version of the stored form: its first byte. */
export const FILTER_VERSION = 2;

/** As version 2, but written before ſ was folded to s: it says nothing of n-grams with an s. */
export const FILTER_VERSION_FORMER = 1;

/** The versions that this program reads. */
export const FILTER_VERSIONS = [FILTER_VERSION, FILTER_VERSION_FORMER] as const;

/** Bytes of an n-gram. */
const NGRAM_BYTES = 4;

/** Most bits of a bitmap, as a power of two: 32 KiB. */
export const FILTER_BITS_LOG2_MAX = 18;

/** A byte as it is compared. 0 ends an n-gram. */
export const FOLDED_BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 0;
  if (byte >= 0x30 && byte <= 0x39) return 0x30;
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
});

/**
 * The bit of an n-gram (its bytes as an int32) in the largest bitmap; shifted to the right, its bit in a smaller one.
 */
export function ngramBit(run: number): number {
  return Math.imul(run ^ (run >>> 15), 0x9e3779b1) >>> (32 - FILTER_BITS_LOG2_MAX);
}

/** Folded bytes that String(number) may contain. */
const NUMERIC: ReadonlySet<number> = new Set(["0", "+", "-", ".", "e"].map((character) => character.charCodeAt(0)));

const LETTER_S = 0x73;

/** A filter as it is read. */
export class NgramFilter {
  /** Inflated size; for caches. */
  readonly bytes: number;
  readonly #bitsLog2: number;
  readonly #bitmap: Uint8Array;
  readonly #isFormer: boolean;

  constructor(bitsLog2: number, bitmap: Uint8Array, version: number) {
    this.#bitsLog2 = bitsLog2;
    this.#bitmap = bitmap;
    this.#isFormer = version === FILTER_VERSION_FORMER;
    this.bytes = bitmap.length;
  }

  /** False: no text contains the needle, whatever the case. True is no promise. The needle is folded (foldText). */
  mayContain(needle: string): boolean {
    let run = 0;
    let length = 0;
    let numericLength = 0;
    /** Bytes since the last one that the filter does not cover. */
    let knownLength = NGRAM_BYTES;
    for (const byte of new TextEncoder().encode(needle)) {
      const folded = FOLDED_BYTES[byte] as number;
      run = (run << 8) | folded;
      length = folded === 0 ? 0 : length + 1;
      numericLength = NUMERIC.has(folded) ? numericLength + 1 : 0;
      knownLength = this.#isFormer && folded === LETTER_S ? 0 : knownLength + 1;
      const isCovered = length >= NGRAM_BYTES && numericLength < NGRAM_BYTES && knownLength >= NGRAM_BYTES;
      if (isCovered && !this.#has(run)) return false;
    }
    return true;
  }

  #has(run: number): boolean {
    const bit = ngramBit(run) >>> (FILTER_BITS_LOG2_MAX - this.#bitsLog2);
    return ((this.#bitmap[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}

/** Reads a filter from all that is left of the reader. Throws RangeError. */
export function parseNgramFilter(reader: ByteReader): NgramFilter {
  const version = reader.byte();
  if (version !== FILTER_VERSION && version !== FILTER_VERSION_FORMER)
    throw new RangeError(`unknown form ${version} of an n-gram filter`);
  const bitsLog2 = reader.byte();
  const bitmap = reader.rest();
  if (bitsLog2 > FILTER_BITS_LOG2_MAX || bitmap.length !== 2 ** bitsLog2 / 8) {
    throw new RangeError("n-gram filter has another size than it states");
  }
  return new NgramFilter(bitsLog2, bitmap, version);
}

/** Least bits of a bitmap, as a power of two. */
const BITS_LOG2_MIN = 10;

/** A bitmap is halved while at most this share of its bits is set: the rate of false positives for an n-gram. */
const FILL_MAX = 0.15;

/** Share of set bits from which on a filter excludes hardly anything and is not worth its bytes. */
const FILL_USELESS = 0.6;

/** Texts that are encoded at once; this bounds memory. */
const ENCODED_TEXTS_MAX = 2_048;

/**
 * By version, the characters outside ASCII that fold to ASCII letters. The bytes of a text with one do not show all its
 * n-grams.
 */
const TURNED: Readonly<Record<FilterVersion, readonly string[]>> = {
  [FILTER_VERSION]: Object.values(FOLDED_TO_ASCII),
  [FILTER_VERSION_FORMER]: ["\u0130", "\u212a"],
};

/** A version that this program reads. Blocks of older programs have the former one. */
export type FilterVersion = (typeof FILTER_VERSIONS)[number];

/** Texts as UTF-8, one after the other: text n, from 1 on, lies from `ends[n - 1]` to `ends[n]`. */
export interface EncodedTexts {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  /** Whether all bytes are ASCII. */
  readonly isAscii: boolean;
}

/** Collects the n-grams of texts. */
export class NgramFilterBuilder {
  /** A byte a bit of the largest bitmap: setting a byte is faster than setting a bit. */
  readonly #seen: Uint8Array<ArrayBuffer>;
  /** Shifts a bit of the largest bitmap to one of `seen`. */
  readonly #shift: number;
  readonly #encoded = new ByteWriter(64 * 1024);
  readonly #version: FilterVersion;
  #isHopeless = false;

  /** @param bitsLog2Max most bits of the bitmap, as a power of two. */
  constructor(bitsLog2Max = FILTER_BITS_LOG2_MAX, version: FilterVersion = FILTER_VERSION) {
    this.#version = version;
    this.#seen = new Uint8Array(2 ** bitsLog2Max);
    this.#shift = FILTER_BITS_LOG2_MAX - bitsLog2Max;
  }

  /** Forgets what was added. */
  clear(): void {
    this.#seen.fill(0);
    this.#isHopeless = false;
  }

  addAll(texts: readonly string[]): void {
    for (let from = 0; from < texts.length; from += ENCODED_TEXTS_MAX) {
      // The byte 0 ends an n-gram.
      this.#add(texts.slice(from, from + ENCODED_TEXTS_MAX).join("\0"));
    }
  }

  /** Adds the texts in JSON objects. */
  addObjects(objects: ArrayLike<string>): void {
    for (let index = 0; index < objects.length; index++) {
      const texts: string[] = [];
      addLeaves(objects[index] as string, texts);
      this.addAll(texts);
    }
  }

  /** Adds encoded texts: those with these numbers, or all. */
  addEncoded({ bytes, ends, isAscii }: EncodedTexts, texts: readonly number[] | undefined): void {
    this.#isHopeless ||= !isAscii && hasFoldedToAscii(bytes, this.#version);
    if (this.#isHopeless) return;
    const count = texts?.length ?? ends.length - 1;
    for (let index = 0; index < count; index++) {
      const text = texts === undefined ? index + 1 : (texts[index] as number);
      addNgrams(this.#seen, this.#shift, bytes, ends[text - 1] as number, ends[text] as number);
    }
  }

  /** Adds the texts `from` up to, not including, `to`; text n lies from `ends[n]` to `ends[n + 1]`. */
  addTexts(bytes: Uint8Array, ends: Uint32Array, from: number, to: number): void {
    this.#isHopeless ||= hasFoldedToAscii(bytes.subarray(ends[from], ends[to]), this.#version);
    if (this.#isHopeless) return;
    for (let text = from; text < to; text++) {
      addNgrams(this.#seen, this.#shift, bytes, ends[text] as number, ends[text + 1] as number);
    }
  }

  /** The stored form, as small as FILL_MAX allows; undefined where the filter would be useless. */
  encode(): ByteWriter | undefined {
    if (this.#isHopeless) return undefined;
    let bits = this.#seen;
    let halved = halve(bits);
    while (bits.length > 2 ** BITS_LOG2_MIN && fillOf(halved) <= FILL_MAX) {
      bits = halved;
      halved = halve(bits);
    }
    if (fillOf(bits) > FILL_USELESS) return undefined;
    const writer = new ByteWriter(2 + bits.length / 8);
    writer.byte(this.#version);
    writer.byte(Math.log2(bits.length));
    for (let at = 0; at < bits.length; at += 8) {
      let byte = 0;
      for (let bit = 0; bit < 8; bit++) byte |= (bits[at + bit] as number) << bit;
      writer.byte(byte);
    }
    return writer;
  }

  #add(text: string): void {
    this.#isHopeless ||= TURNED[this.#version].some((character) => text.includes(character));
    if (this.#isHopeless) return;
    this.#encoded.clear();
    this.#encoded.utf8(text);
    const bytes = this.#encoded.view();
    addNgrams(this.#seen, this.#shift, bytes, 0, bytes.length);
  }
}

function hasFoldedToAscii(bytes: Uint8Array, version: FilterVersion): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return TURNED[version].some((character) => buffer.includes(character));
}

function addNgrams(seen: Uint8Array, shift: number, bytes: Uint8Array, from: number, to: number): void {
  if (to - from < NGRAM_BYTES) return;
  const folded = FOLDED_BYTES;
  let run = 0;
  for (let at = from; at < to; at++) {
    run = (run << 8) | (folded[bytes[at] as number] as number);
    // All bytes are below 128, so the top bit of a byte is set only where the byte is 0, and there no n-gram is.
    if (((run - 0x01010101) & 0x80808080) === 0) seen[ngramBit(run) >>> shift] = 1;
  }
}

/** Appends to `texts` those of the leaves of JSON; numbers have none. */
export function addLeaves(json: string, texts: string[]): void {
  forEachLeaf(json, 0, json.length, (from, to) => {
    if (!isNumberAt(json, from)) texts.push(leafTextAt(json, from, to));
  });
}

/** A bitmap of half the size: neighbours share a bit. */
function halve(bits: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = new Uint8Array(bits.length / 2);
  for (let at = 0; at < half.length; at++) half[at] = (bits[2 * at] as number) | (bits[2 * at + 1] as number);
  return half;
}

function fillOf(bits: Uint8Array): number {
  let set = 0;
  for (let at = 0; at < bits.length; at++) set += bits[at] as number;
  return set / bits.length;
}
