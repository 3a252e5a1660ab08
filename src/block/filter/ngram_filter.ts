// What lets a search for words pass over a block: which runs of four bytes its texts contain, hashed into a bitmap. It may say yes
// where there is nothing, and never no where there is something. Letters are folded and every digit counts as 0, for else
// ids and numbers would fill it. Bytes past ASCII, the byte 0 and runs that a number may consist of are not covered: what is left
// of a needle decides.
// A merged block's texts into its text filter. On the compactor's path: plain loops over UTF-8. Measured with real lines, 65,536
// records and 6 MB of text: 24 ms, 4 ns a byte, where encoding the columns takes 40 ms. The piece has 2 to 25 KB, 0.1 to 1 % of the
// block; where a field holds nothing but noise (64,000 tokens of 32 letters) there is none.

import { FOLDED_TO_ASCII } from "../../core/case_folding.ts";
import { type ByteReader, ByteWriter } from "../codec/bytes.ts";
import { forEachLeaf, isNumberAt, leafTextAt } from "../codec/json_text.ts";

/** First byte; another one is a form that this program does not know. */
export const FILTER_VERSION = 2;

/** As version 2, made when ſ was not yet taken for an s: of runs with an s it says nothing. */
export const FILTER_VERSION_FORMER = 1;

export const FILTER_VERSIONS = [FILTER_VERSION, FILTER_VERSION_FORMER] as const;

/** Bytes of a run. */
export const NGRAM_BYTES = 4;

/** Most bits of a bitmap, as a power of two: 32 KiB. */
export const FILTER_BITS_LOG2_MAX = 18;

/** A byte as it is compared: 0 where runs end. */
export const FOLDED_BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 0;
  if (byte >= 0x30 && byte <= 0x39) return 0x30;
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
});

/** A run's place in the largest bitmap; shifted to the right, its place in a smaller one. The run is its bytes as an int32. */
export function ngramBit(run: number): number {
  return Math.imul(run ^ (run >>> 15), 0x9e3779b1) >>> (32 - FILTER_BITS_LOG2_MAX);
}

/** Folded bytes that String(number) may have. */
const NUMERIC: ReadonlySet<number> = new Set(["0", "+", "-", ".", "e"].map((character) => character.charCodeAt(0)));

const LETTER_S = 0x73;

export class NgramFilter {
  /** Size when inflated, for those who keep it. */
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

  /** False is certain: no text of the block contains the needle, whatever the case. The needle is folded. */
  mayContain(needle: string): boolean {
    let run = 0;
    let length = 0;
    let numericLength = 0;
    /** Bytes since the last one of which the filter says nothing. */
    let knownLength = NGRAM_BYTES;
    for (const byte of new TextEncoder().encode(needle)) {
      const folded = FOLDED_BYTES[byte] as number;
      run = (run << 8) | folded;
      length = folded === 0 ? 0 : length + 1;
      numericLength = NUMERIC.has(folded) ? numericLength + 1 : 0;
      knownLength = this.#isFormer && folded === LETTER_S ? 0 : knownLength + 1;
      const isAsked = length >= NGRAM_BYTES && numericLength < NGRAM_BYTES && knownLength >= NGRAM_BYTES;
      if (isAsked && !this.#has(run)) return false;
    }
    return true;
  }

  #has(run: number): boolean {
    const bit = ngramBit(run) >>> (FILTER_BITS_LOG2_MAX - this.#bitsLog2);
    return ((this.#bitmap[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}

/** A filter of all that is left of the reader. Throws RangeError. */
export function parseNgramFilter(reader: ByteReader): NgramFilter {
  const version = reader.byte();
  if (version !== FILTER_VERSION && version !== FILTER_VERSION_FORMER)
    throw new RangeError(`unknown form ${version} of a text filter`);
  const bitsLog2 = reader.byte();
  const bitmap = reader.rest();
  if (bitsLog2 > FILTER_BITS_LOG2_MAX || bitmap.length !== 2 ** bitsLog2 / 8) {
    throw new RangeError("text filter has another size than it says");
  }
  return new NgramFilter(bitsLog2, bitmap, version);
}

/** Least bits of a bitmap, as a power of two. */
const BITS_LOG2_MIN = 10;

/** Share of bits that are set up to which a bitmap is halved; a run that a block lacks is then taken for one it has this often. */
const FILL_MAX = 0.15;

/** Past this share a filter says yes to nearly everything and is not worth its bytes. */
const FILL_USELESS = 0.6;

/** Texts that are encoded at once; bounds memory. */
const ENCODED_TEXTS_MAX = 2_048;

/** By version, the characters that become ASCII letters: what such a text contains is not seen in its bytes. */
const TURNED: Readonly<Record<FilterVersion, readonly string[]>> = {
  [FILTER_VERSION]: Object.values(FOLDED_TO_ASCII),
  [FILTER_VERSION_FORMER]: ["\u0130", "\u212a"],
};

/** Blocks that an older program left have the former one. */
export type FilterVersion = (typeof FILTER_VERSIONS)[number];

/** Texts as UTF-8, one after the other: text n, from 1 on, lies from `ends[n - 1]` to `ends[n]`. */
export interface EncodedTexts {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  /** Whether all bytes are ASCII. */
  readonly isAscii: boolean;
}

/** Collects the runs of texts. */
export class NgramFilterBuilder {
  /** A byte a bit of the largest bitmap: setting a byte is faster than setting a bit. */
  readonly #seen: Uint8Array<ArrayBuffer>;
  /** What takes a run's place in the largest bitmap to that in `seen`. */
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
      // No run reaches over the byte 0.
      this.#add(texts.slice(from, from + ENCODED_TEXTS_MAX).join("\0"));
    }
  }

  /** Adds the texts of what JSON objects have. */
  addObjects(objects: ArrayLike<string>): void {
    for (let index = 0; index < objects.length; index++) {
      const texts: string[] = [];
      addLeaves(objects[index] as string, texts);
      this.addAll(texts);
    }
  }

  /** Adds encoded texts: these of them, or all. */
  addEncoded({ bytes, ends, isAscii }: EncodedTexts, texts: readonly number[] | undefined): void {
    this.#isHopeless ||= !isAscii && hasFoldedToAscii(bytes, this.#version);
    if (this.#isHopeless) return;
    const count = texts?.length ?? ends.length - 1;
    for (let index = 0; index < count; index++) {
      const text = texts === undefined ? index + 1 : (texts[index] as number);
      addNgrams(this.#seen, this.#shift, bytes, ends[text - 1] as number, ends[text] as number);
    }
  }

  /** Adds texts that lie one behind the other: text n from `ends[n]` to `ends[n + 1]`, those from `from` up to, not including, `to`. */
  addTexts(bytes: Uint8Array, ends: Uint32Array, from: number, to: number): void {
    this.#isHopeless ||= hasFoldedToAscii(bytes.subarray(ends[from], ends[to]), this.#version);
    if (this.#isHopeless) return;
    for (let text = from; text < to; text++) {
      addNgrams(this.#seen, this.#shift, bytes, ends[text] as number, ends[text + 1] as number);
    }
  }

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
    // Bytes are below 128, so a borrow reaches the top of one only where it is 0: there no run goes on.
    if (((run - 0x01010101) & 0x80808080) === 0) seen[ngramBit(run) >>> shift] = 1;
  }
}

/** Adds the texts of the leaves of JSON text; a number has none. */
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
