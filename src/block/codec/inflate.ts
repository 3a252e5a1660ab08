// A stored piece to its bytes: checksum first, then zstd. The frame says how many bytes it holds; told so, Bun inflates 10 MB
// in 2.7 ms, and in 5.5 ms where it must find out.

import { crc32, zstdDecompressSync } from "node:zlib";
import { BlockDamagedError, orDamaged } from "../damage.ts";
import { type BlockPiece, pieceChecksum } from "../encode.ts";

/** What node:zlib takes at least. */
const CHUNK_BYTES_MIN = 64;
/** A frame that says more is read in chunks: no piece is so large. */
const CHUNK_BYTES_MAX = 256 * 1024 * 1024;

/** The inflated bytes of a piece. Throws BlockDamagedError. */
export function inflate({ name, checksum, data }: BlockPiece): Uint8Array {
  // A damaged row can have a value of any type there.
  if (!ArrayBuffer.isView(data)) throw new BlockDamagedError(`column "${name}" is damaged: it has no bytes`);
  const seen = pieceChecksum(name, data);
  if (seen !== checksum && crc32(data) !== checksum) {
    throw new BlockDamagedError(`column "${name}" is damaged: checksum ${seen}, expected ${checksum}`);
  }
  const size = contentBytes(data);
  return orDamaged(() =>
    size === undefined || size > CHUNK_BYTES_MAX
      ? zstdDecompressSync(data)
      : // One more than it holds, so that the end is met in the first chunk.
        zstdDecompressSync(data, { chunkSize: Math.max(CHUNK_BYTES_MIN, size + 1) }),
  );
}

/** Bytes that a piece has once it is inflated, as far as it says. */
export function inflatedBytesOf({ data }: BlockPiece): number {
  return ArrayBuffer.isView(data) ? (contentBytes(data) ?? 0) : 0;
}

/** The size that a frame states in its header, or undefined where it does not: RFC 8878, section 3.1.1.1. */
function contentBytes(frame: Uint8Array): number | undefined {
  const descriptor = frame[4];
  if (descriptor === undefined) return undefined;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  if (sizeFlag === 0 && !isSingleSegment) return undefined;
  const width = 1 << sizeFlag;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes;
  if (at + width > frame.length) return undefined;
  let size = width === 2 ? 256 : 0;
  for (let index = width - 1, scale = 256 ** index; index >= 0; index--, scale /= 256) {
    size += (frame[at + index] as number) * scale;
  }
  return size;
}
