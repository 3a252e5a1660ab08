// Files in, the bytes of a ZIP archive out: for Windows, where every desktop opens one. Nothing of the machine goes in,
// and no time but the one that is given. Source: PKWARE's APPNOTE.TXT 6.3.10, without ZIP64, so all together is below 4
// GiB.

import { crc32, deflateRawSync } from "node:zlib";
import { type ArchiveFile, type ArchiveOptions, filesInOrder } from "./tarball.ts";

const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
/** 2.0: folders and deflate. */
const VERSION = 20;
/** Made on Unix, so that the attributes hold its mode. */
const MADE_BY = (3 << 8) | VERSION;
const DEFLATE = 8;
/** Names are UTF-8. */
const FLAGS = 0x0800;

/** The archive's bytes; the files stand in it in the order of their paths. */
export function makeZip(files: readonly ArchiveFile[], options: ArchiveOptions): Uint8Array<ArrayBuffer> {
  const { folder, modifiedAtSeconds = 0, level = 9 } = options;
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { path, bytes, isExecutable = false } of filesInOrder(files, folder)) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(bytes, { level });
    // What both headers say of the file.
    const facts = numbers(
      [VERSION, 2],
      [FLAGS, 2],
      [DEFLATE, 2],
      [dosTime(modifiedAtSeconds), 4],
      [crc32(bytes), 4],
      [packed.byteLength, 4],
      [bytes.byteLength, 4],
      [name.byteLength, 2],
      [0, 2],
    );
    const mode = 0o100000 | (isExecutable ? 0o755 : 0o644);
    const entry = [numbers([LOCAL_SIGNATURE, 4]), facts, name, packed];
    central.push(numbers([CENTRAL_SIGNATURE, 4], [MADE_BY, 2]), facts);
    // No comment, disk 0, a binary file, its mode, and where it begins.
    central.push(numbers([0, 2], [0, 2], [0, 2], [mode * 0x10000, 4], [offset, 4]), name);
    local.push(...entry);
    offset += entry.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
  const directory = Buffer.concat(central);
  const end = numbers(
    [END_SIGNATURE, 4],
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
    [directory.byteLength, 4],
    [offset, 4],
    [0, 2],
  );
  return new Uint8Array(Buffer.concat([...local, directory, end]));
}

/** Numbers with their bytes, little-endian. */
function numbers(...fields: readonly (readonly [value: number, bytes: number])[]): Buffer {
  const buffer = Buffer.alloc(fields.reduce((sum, [, bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [value, bytes] of fields) at = buffer.writeUIntLE(value, at, bytes);
  return buffer;
}

/** A time as MS-DOS writes it, in steps of 2 s, from 1980 on; UTC, since the format knows no zone. */
function dosTime(seconds: number): number {
  const time = new Date(Math.max(seconds, Date.UTC(1980, 0, 1) / 1_000) * 1_000);
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  return date * 0x10000 + clock;
}
