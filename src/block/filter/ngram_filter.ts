// What lets a search for words pass over a block: which runs of four bytes its texts contain, hashed into a bitmap. It may say yes
// where there is nothing, and never no where there is something. Letters are folded and every digit counts as 0, for else
// ids and numbers would fill it. Bytes past ASCII, the byte 0 and runs that a number may consist of are not covered: what is left
// of a needle decides.

import type { ByteReader } from "../codec/bytes.ts";

/** Name of the piece. */
export const FILTER = "filter";

/** First byte; another one is a form that this program does not know. */
export const FILTER_VERSION = 2;
/** As version 2, made when ſ was not yet taken for an s: of runs with an s it says nothing. */
export const FILTER_VERSION_FORMER = 1;
export const FILTER_VERSIONS = [FILTER_VERSION, FILTER_VERSION_FORMER] as const;

/** Bytes of a run. */
export const RUN_BYTES = 4;

/** Most bits of a bitmap, as a power of two: 32 KiB. */
export const FILTER_BITS_LOG2_MAX = 18;

/** A byte as it is compared: 0 where runs end. */
export const FOLDED_BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return 0;
  if (byte >= 0x30 && byte <= 0x39) return 0x30;
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
});

/** A run's place in the largest bitmap; shifted to the right, its place in a smaller one. The run is its bytes as an int32. */
export function runPlace(run: number): number {
  return Math.imul(run ^ (run >>> 15), 0x9e3779b1) >>> (32 - FILTER_BITS_LOG2_MAX);
}

/** Folded bytes that String(number) may have. */
const NUMERIC: ReadonlySet<number> = new Set(["0", "+", "-", ".", "e"].map((character) => character.charCodeAt(0)));

const LETTER_S = 0x73;

export class TextFilter {
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
    let knownLength = RUN_BYTES;
    for (const byte of new TextEncoder().encode(needle)) {
      const folded = FOLDED_BYTES[byte] as number;
      run = (run << 8) | folded;
      length = folded === 0 ? 0 : length + 1;
      numericLength = NUMERIC.has(folded) ? numericLength + 1 : 0;
      knownLength = this.#isFormer && folded === LETTER_S ? 0 : knownLength + 1;
      const isAsked = length >= RUN_BYTES && numericLength < RUN_BYTES && knownLength >= RUN_BYTES;
      if (isAsked && !this.#has(run)) return false;
    }
    return true;
  }

  #has(run: number): boolean {
    const bit = runPlace(run) >>> (FILTER_BITS_LOG2_MAX - this.#bitsLog2);
    return ((this.#bitmap[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }
}

/** A filter of all that is left of the reader. Throws RangeError. */
export function parseTextFilter(reader: ByteReader): TextFilter {
  const version = reader.byte();
  if (version !== FILTER_VERSION && version !== FILTER_VERSION_FORMER)
    throw new RangeError(`unknown form ${version} of a text filter`);
  const bitsLog2 = reader.byte();
  const bitmap = reader.rest();
  if (bitsLog2 > FILTER_BITS_LOG2_MAX || bitmap.length !== 2 ** bitsLog2 / 8) {
    throw new RangeError("text filter has another size than it says");
  }
  return new TextFilter(bitsLog2, bitmap, version);
}
