// Files in, the bytes of a gzipped tar in ustar form out. Nothing of the machine goes in, and no time but the one that
// is given, so the same files give the same bytes. Sources: POSIX.1-2017 pax, "ustar Interchange Format"; RFC 1952.

import { constants, gzipSync } from "node:zlib";

/** One file of an archive. */
export interface ArchiveFile {
  /** With "/": "docs/sending.md". */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Default false. */
  readonly isExecutable?: boolean;
}

export interface ArchiveOptions {
  /** The folder that every file is in; absent: none. */
  readonly folder?: string;
  /** Of every file, Unix seconds. Default: the time that npm writes, since some tools take 0 for a mistake. */
  readonly modifiedAtSeconds?: number;
  /** Of gzip, 1 to 9. Default 9. */
  readonly level?: number;
}

const BLOCK_BYTES = 512;
/** Two empty blocks end a tar; a record has 20. */
const RECORD_BYTES = 20 * BLOCK_BYTES;
/** What the field for the name holds. */
const PATH_BYTES_MAX = 100;
const NPM_SECONDS = 499_162_500;
/** Byte of the gzip header that names the system, and "unknown". */
const GZIP_SYSTEM_AT = 9;
const SYSTEM_UNKNOWN = 255;

/** The files of an archive with their whole paths, in the order of these. */
export function filesInOrder(files: readonly ArchiveFile[], folder?: string): ArchiveFile[] {
  return files
    .map((file) => (folder === undefined ? file : { ...file, path: `${folder}/${file.path}` }))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * The archive's bytes; the files stand in it in the order of their paths. @throws Error where a path has more than 100
 * bytes.
 */
export function makeTarball(files: readonly ArchiveFile[], options: ArchiveOptions = {}): Uint8Array<ArrayBuffer> {
  const { folder, modifiedAtSeconds = NPM_SECONDS, level = constants.Z_BEST_COMPRESSION } = options;
  const chunks = filesInOrder(files, folder).flatMap((file) => [
    headerOf(file, modifiedAtSeconds),
    file.bytes,
    paddingOf(file.bytes),
  ]);
  const written = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const whole = Math.ceil((written + 2 * BLOCK_BYTES) / RECORD_BYTES) * RECORD_BYTES;
  const packed = new Uint8Array(gzipSync(Buffer.concat(chunks, whole), { level }));
  packed[GZIP_SYSTEM_AT] = SYSTEM_UNKNOWN;
  return packed;
}

function headerOf({ path, bytes, isExecutable = false }: ArchiveFile, modifiedAtSeconds: number): Uint8Array {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new Error(`${path} is too long for a tarball`);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, digits: number) =>
    header.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
  header.write(path, 0);
  octal(isExecutable ? 0o755 : 0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes.byteLength, 124, 11);
  octal(modifiedAtSeconds, 136, 11);
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
