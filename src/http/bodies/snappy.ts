// One block of Snappy, as Loki's clients send it: a length, then literals and copies of what came before. The declared
// length is checked first, so a bomb takes no memory; the block must fill it exactly.
// Source: https://github.com/google/snappy/blob/main/format_description.txt

/** Continuation bit of the length's bytes. */
const MORE = 0x80;
const LENGTH_BYTES_MAX = 5;
/** Tags: the low two bits of an element's first byte. */
const LITERAL = 0;
const COPY_SHORT = 1;
const COPY_MIDDLE = 2;
/** From this on a literal's length stands in the next 1 to 4 bytes. */
const LITERAL_INLINE_MAX = 60;

/** Decompresses a block; "too_large" where it would have more than `bytesMax` bytes. */
export function unsnappy(block: Uint8Array, bytesMax: number): Uint8Array<ArrayBuffer> | "too_large" | "unreadable" {
  let at = 0;
  let length = 0;
  for (;;) {
    const byte = block[at];
    if (byte === undefined || at === LENGTH_BYTES_MAX) return "unreadable";
    length += (byte & (MORE - 1)) * 2 ** (7 * at++);
    if (byte < MORE) break;
  }
  if (length > bytesMax) return "too_large";
  // An element of 3 bytes copies 64 at most: a shorter block is cut off, and gets no memory.
  if (length > (block.length - at) * 64) return "unreadable";
  const output = new Uint8Array(length);
  let filled = 0;
  while (at < block.length) {
    const tag = block[at++] as number;
    if ((tag & 3) === LITERAL) {
      let size = (tag >> 2) + 1;
      if (size > LITERAL_INLINE_MAX) {
        const sizeBytes = size - LITERAL_INLINE_MAX;
        size = littleEndian(block, at, sizeBytes) + 1;
        at += sizeBytes;
      }
      if (at + size > block.length || filled + size > length) return "unreadable";
      output.set(block.subarray(at, at + size), filled);
      at += size;
      filled += size;
      continue;
    }
    const isShort = (tag & 3) === COPY_SHORT;
    const offsetBytes = isShort ? 1 : (tag & 3) === COPY_MIDDLE ? 2 : 4;
    if (at + offsetBytes > block.length) return "unreadable";
    const offset = littleEndian(block, at, offsetBytes) + (isShort ? (tag >> 5) * 256 : 0);
    const size = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    at += offsetBytes;
    if (offset === 0 || offset > filled || filled + size > length) return "unreadable";
    // The copy may reach into what it writes.
    for (const end = filled + size; filled < end; filled++) output[filled] = output[filled - offset] as number;
  }
  return filled === length ? output : "unreadable";
}

/** A number of 1 to 4 bytes; bytes past the end count as 0. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index++) value += (bytes[at + index] ?? 0) * 256 ** index;
  return value;
}
