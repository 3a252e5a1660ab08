// Zstandard (RFC 8878).

import { constants, zstdCompressSync } from "node:zlib";

/** One frame. Level from 1 to 22. */
export function compressZstd(bytes: Uint8Array, level: number): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}
