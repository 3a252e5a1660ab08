// Bodies that are small as they come and large once they are decompressed: one for each coding, and for each way to
// hide it.

import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

export type Encode = (bytes: Uint8Array) => Buffer;

/** Quick settings: what is packed is all one byte. */
const brotli: Encode = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 } });

/** By what Content-Encoding says; each undoes to the same bytes. */
export const ENCODERS: Readonly<Record<string, Encode>> = {
  gzip: (bytes) => gzipSync(bytes),
  "x-gzip": (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  " Deflate": (bytes) => deflateRawSync(bytes),
  br: brotli,
  zstd: (bytes) => zstdCompressSync(bytes),
  "gzip, gzip": (bytes) => gzipSync(gzipSync(bytes)),
  "br, zstd, gzip": (bytes) => gzipSync(zstdCompressSync(brotli(bytes))),
  "zstd, identity, br": (bytes) => brotli(zstdCompressSync(bytes)),
};

export interface Bomb {
  readonly name: string;
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** A frame of zstd that holds nothing for the reader (RFC 8878, section 3.1.2). */
function skippableFrame(bytes: number): Buffer {
  const frame = Buffer.alloc(8 + bytes);
  frame.writeUInt32LE(0x184d2a50, 0);
  frame.writeUInt32LE(bytes, 4);
  return frame;
}

/** A zstd frame whose header asks for a window of 2 GiB (RFC 8878, section 3.1.1.1.2), and then has one empty block. */
const HUGE_WINDOW = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00]);

/** Bodies that unpack to `unpackedBytes`, far more than may come in. */
export function bombsOf(unpackedBytes: number): Bomb[] {
  const zeros = Buffer.alloc(unpackedBytes);
  const bombs = Object.entries(ENCODERS).map(([encoding, encode]) => ({
    name: encoding,
    encoding,
    bytes: encode(zeros),
  }));
  const part = Buffer.alloc(1_000_000);
  const parts = Math.ceil(unpackedBytes / part.length);
  const many = (encode: Encode) => Buffer.concat(Array.from({ length: parts }, () => encode(part)));
  return [
    ...bombs,
    { name: "many members of gzip", encoding: "gzip", bytes: many((bytes) => gzipSync(bytes)) },
    { name: "many frames of zstd", encoding: "zstd", bytes: many((bytes) => zstdCompressSync(bytes)) },
    {
      name: "JSON of white space",
      encoding: "br",
      bytes: brotli(Buffer.from(`{"key":"${" ".repeat(unpackedBytes)}"}`)),
    },
  ];
}

/** Bodies that ask for much and give nothing: unreadable. */
export const DUDS: readonly Bomb[] = [
  { name: "zstd with a huge window", encoding: "zstd", bytes: HUGE_WINDOW },
  { name: "frames of zstd to be skipped", encoding: "zstd", bytes: skippableFrame(100_000) },
  { name: "empty in gzip", encoding: "gzip", bytes: gzipSync("") },
  {
    name: "empty in three codings",
    encoding: "br, zstd, gzip",
    bytes: gzipSync(zstdCompressSync(brotli(Buffer.alloc(0)))),
  },
  { name: "gzip in the wrong order", encoding: "gzip, br", bytes: gzipSync(brotli(Buffer.from("{}"))) },
  {
    name: "gzip that ends in garbage",
    encoding: "gzip",
    bytes: Buffer.concat([gzipSync("{}"), Buffer.alloc(1_000, 7)]),
  },
];
