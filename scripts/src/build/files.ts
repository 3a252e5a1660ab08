// A file in every content coding that it is served in: compressed once here instead of at every request.

import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { FileBodies } from "../../../src/runtime/assets.ts";

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
const GZIP = { level: constants.Z_BEST_COMPRESSION };

/** A coding that makes the file no smaller is left out. */
export function bodiesOf(identity: Uint8Array<ArrayBuffer>): FileBodies {
  const br = new Uint8Array(brotliCompressSync(identity, BROTLI));
  const gzip = new Uint8Array(gzipSync(identity, GZIP));
  return {
    ...(br.byteLength < identity.byteLength ? { br } : {}),
    ...(gzip.byteLength < identity.byteLength ? { gzip } : {}),
    identity,
  };
}
