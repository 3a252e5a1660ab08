// Files in, the bytes of an npm package out: a gzipped tar in ustar form. Nothing of the machine or the time goes in, so the same files
// give the same bytes. Sources: POSIX.1-2017 pax, "ustar Interchange Format"; RFC 1952.

import { constants, gzipSync } from "node:zlib";

/** One file of a tarball. */
export interface TarFile {
  /** In the package's folder, with "/", at most 90 bytes: "simplelogs.mjs". */
  readonly path: string;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;
/** Two empty blocks end a tar; a record has 20. */
const RECORD_BYTES = 20 * BLOCK_BYTES;
const PATH_BYTES_MAX = 90;
/** What npm puts there, in seconds: some tools take a time of 0 for a mistake. */
const MODIFIED_AT_SECONDS = 499_162_500;
/** Byte of the gzip header that names the system, and "unknown". */
const GZIP_SYSTEM_AT = 9;
const SYSTEM_UNKNOWN = 255;

/** The tarball's bytes; the files stand in it in the order of their paths. */
export function makeTarball(files: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const sorted = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const pieces = sorted.flatMap(({ path, bytes }) => [headerOf(path, bytes.byteLength), bytes, paddingOf(bytes)]);
  const written = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const whole = Math.ceil((written + 2 * BLOCK_BYTES) / RECORD_BYTES) * RECORD_BYTES;
  const tar = Buffer.concat(pieces, whole);
  const packed = new Uint8Array(gzipSync(tar, { level: constants.Z_BEST_COMPRESSION }));
  packed[GZIP_SYSTEM_AT] = SYSTEM_UNKNOWN;
  return packed;
}

/** npm wants every file below "package/". */
function headerOf(path: string, bytes: number): Uint8Array {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new Error(`${path} is too long for a tarball`);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, digits: number) =>
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
  header.write(`package/${path}`, 0);
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes, 124, 11);
  octal(MODIFIED_AT_SECONDS, 136, 11);
  header.write("        ", 148, "latin1");
  header.write("0", 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

function paddingOf({ byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (byteLength % BLOCK_BYTES)) % BLOCK_BYTES);
}
