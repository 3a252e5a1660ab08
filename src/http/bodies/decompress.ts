// Content-Encoding: which codings are known, and undoing them within a limit. Every layer's output is bounded, so a
// bomb costs no more memory than an honest body. What is small before and after is decompressed at once, since the
// synchronous calls are up to 7 times faster; everything else by the runtime's own threads, a few bodies at a time,
// while others are served.
// Measured (Bun 1.4.5, 5 MiB limit): at once, 64 KiB made to be slow (empty members of gzip) hold this thread 4 ms; a
// body of 5 MB that hardly compresses would hold it 20 ms for each coding, and holds it 2 to 4 ms in pieces of 64 KiB.
// Bombs of 600 MB take at most 8 MB.

import {
  brotliDecompress,
  brotliDecompressSync,
  constants,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  zstdDecompress,
  zstdDecompressSync,
} from "node:zlib";
import { Semaphore } from "../base/semaphore.ts";

type Coding = "gzip" | "deflate" | "br" | "zstd";

/** Codings applied one after another: more than one is rare, and nobody uses more than three. */
const CODINGS_MAX = 3;
/** Largest zstd window, as a power of two: 8 MiB (RFC 9659, section 3), so a frame's header cannot ask for 128 MiB. */
const ZSTD_WINDOW_LOG_MAX = 23;

/** What is decompressed at once: so much before, and so much after. */
const SMALL_BYTES_MAX = 64 * 1024;
const SMALL_OUTPUT_BYTES_MAX = 1024 * 1024;
/** Bodies that other threads decompress at a time: each holds its output. */
const LARGE_AT_ONCE = 2;
/** Bytes of output that come at a time from another thread. */
const PIECE_BYTES = 64 * 1024;

const CODINGS: Readonly<Record<string, Coding | "identity">> = {
  identity: "identity",
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "br",
  zstd: "zstd",
};

/** The codings of a Content-Encoding header in the order in which they were applied; undefined if one is unknown. */
export function parseCodings(header: string | null): readonly Coding[] | undefined {
  const codings: Coding[] = [];
  for (const part of (header ?? "").split(",")) {
    const name = part.trim().toLowerCase();
    if (name === "") continue;
    const coding = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined;
    if (coding === undefined) return undefined;
    if (coding !== "identity") codings.push(coding);
  }
  return codings.length > CODINGS_MAX ? undefined : codings;
}

/** Undoes codings within a limit of bytes. "unreadable": the bytes are not what the header says, or are cut short. */
export type Decompress = (
  bytes: Uint8Array,
  codings: readonly Coding[],
  bytesMax: number,
) => Promise<Uint8Array | "too_large" | "unreadable"> | Uint8Array | "too_large" | "unreadable";

/** Decompresses the bodies of one server. */
export class Decompressor {
  readonly #turns = new Semaphore(LARGE_AT_ONCE);

  /** Undoes the codings, last one first. What is small is there at once. */
  readonly decompress: Decompress = (bytes, codings, bytesMax) => {
    if (bytes.byteLength > SMALL_BYTES_MAX) return this.#decompressLarge(bytes, codings, bytesMax);
    const smallMax = Math.min(bytesMax, SMALL_OUTPUT_BYTES_MAX);
    let decoded = bytes;
    try {
      for (const coding of codings.toReversed()) decoded = DECODERS[coding](decoded, optionsOf(coding, smallMax));
      return decoded;
    } catch (error) {
      const refusal = refusalOf(error);
      const isLarge = refusal === "too_large" && smallMax < bytesMax;
      return isLarge ? this.#decompressLarge(bytes, codings, bytesMax) : refusal;
    }
  };

  async #decompressLarge(bytes: Uint8Array, codings: readonly Coding[], bytesMax: number) {
    try {
      return await this.#turns.run(async () => {
        let decoded = bytes;
        for (const coding of codings.toReversed()) {
          decoded = await decodeLarge(coding, decoded, optionsOf(coding, bytesMax));
        }
        return decoded;
      });
    } catch (error) {
      return refusalOf(error);
    }
  }
}

function refusalOf(error: unknown): "too_large" | "unreadable" {
  return (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE" ? "too_large" : "unreadable";
}

interface DecoderOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
  readonly params?: Record<number, number>;
}

function optionsOf(coding: Coding, bytesMax: number): DecoderOptions {
  const options = { maxOutputLength: bytesMax, chunkSize: PIECE_BYTES };
  return coding === "zstd" ? { ...options, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } } : options;
}

const DECODERS: Readonly<Record<Coding, (bytes: Uint8Array, options: DecoderOptions) => Uint8Array>> = {
  gzip: gunzipSync,
  deflate: (bytes, options) => (hasZlibHeader(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options)),
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

type LargeDecoder = (
  bytes: Uint8Array,
  options: DecoderOptions,
  done: (error: Error | null, decoded: Uint8Array) => void,
) => void;

const LARGE_DECODERS: Readonly<Record<Coding, LargeDecoder>> = {
  gzip: gunzip,
  deflate: (bytes, options, done) => (hasZlibHeader(bytes) ? inflate : inflateRaw)(bytes, options, done),
  br: brotliDecompress,
  zstd: zstdDecompress,
};

function decodeLarge(coding: Coding, bytes: Uint8Array, options: DecoderOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    LARGE_DECODERS[coding](bytes, options, (error, decoded) => {
      if (error === null) resolve(decoded);
      else reject(error);
    });
  });
}

/** RFC 1950, section 2.2: method 8, and both bytes together a multiple of 31. Some clients leave the header out. */
function hasZlibHeader(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes;
  return (method & 0x0f) === 8 && (method * 256 + flags) % 31 === 0;
}
