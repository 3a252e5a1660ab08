// A record's enumerations as bytes. Flags: kind, level, source and whether there is metadata ({} is not the same as
// none). Key types: whether the key that sent the record was a server's or a client's; 0 where that is unknown, as in
// all blocks of older formats. The column of key types is one byte in nearly every block: the code of all rows, or that
// each row's is that of its source. Else it has a byte a row, and a block without any known type has no such column.

import type { Level, Source } from "../../core/entry.ts";
import { KINDS, type Kind, LEVELS, type StoredRecord } from "../../core/record.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

const LEVEL_SHIFT = 3;

const CLIENT = 1 << 6;

const METADATA = 1 << 7;

const KIND_CODES: Readonly<Record<Kind, number>> = { log: 0, completed: 1, started: 2, unfinished: 3, orphaned: 4 };

const LEVEL_CODES: Readonly<Record<Level, number>> = { debug: 1, info: 2, warn: 3, error: 4 };

/** Packs kind, level, source and the presence of metadata into one byte. */
export function packFlags(record: Omit<StoredRecord, "id">): number {
  return (
    KIND_CODES[record.kind] |
    (record.level === undefined ? 0 : LEVEL_CODES[record.level] << LEVEL_SHIFT) |
    (record.source === "client" ? CLIENT : 0) |
    (record.metadata === undefined ? 0 : METADATA)
  );
}

/** Flags with a kind's and a level's code alone. */
export function flagsOf(kindCode: number, levelCode: number): number {
  return kindCode | (levelCode << LEVEL_SHIFT);
}

/** The record's kind as an index into KINDS. */
export function kindCodeOf(flags: number): number {
  return flags & 7;
}

/** The record's kind. Throws RangeError for an unknown code. */
export function kindOf(flags: number): Kind {
  const kind = KINDS[kindCodeOf(flags)];
  if (kind === undefined) throw new RangeError(`unknown kind code ${kindCodeOf(flags)}`);
  return kind;
}

/** The record's level: 0 for none, else 1 + its index into LEVELS. */
export function levelCodeOf(flags: number): number {
  return (flags >>> LEVEL_SHIFT) & 7;
}

/** The record's level, or undefined. */
export function levelOf(flags: number): Level | undefined {
  const code = levelCodeOf(flags);
  return code === 0 ? undefined : LEVELS[code - 1];
}

/** Where the record came from. */
export function sourceOf(flags: number): Source {
  return (flags & CLIENT) === 0 ? "server" : "client";
}

/** Bits for kind, level and source. */
const OWN_FLAGS = CLIENT | (CLIENT - 1);

const KEY_TYPE_SHIFT = 7;

/** Values of `countedFlags` are below this. */
export const COUNTED_FLAGS_MAX = 512;

/**
 * What statistics group records by: kind, level and source as in the flags, and the code of the key type above them.
 */
export function countedFlags(flags: number, keyTypeCode: number): number {
  return (flags & OWN_FLAGS) | (keyTypeCode << KEY_TYPE_SHIFT);
}

/** The code of the key type in counted flags. */
export function keyTypeCodeIn(counted: number): number {
  return counted >>> KEY_TYPE_SHIFT;
}

/** Whether the record has metadata; {} counts. */
export function hasMetadata(flags: number): boolean {
  return (flags & METADATA) !== 0;
}

/** Name of the column of key types. */
export const KEY_TYPE_COLUMN = "keyType";

/** Index = code. */
const KEY_TYPES: readonly (Source | undefined)[] = [undefined, "server", "client"];

/** Stands for: the code of each row is that of its source. */
const AS_SOURCE = KEY_TYPES.length;

/** The code of a key type; 0 for an unknown one. */
export function keyTypeCodeOf(keyType: Source | undefined): number {
  if (keyType === undefined) return 0;
  return keyType === "server" ? 1 : 2;
}

/** The key type of a code; undefined for 0. */
export function keyTypeOfCode(code: number): Source | undefined {
  return KEY_TYPES[code];
}

/** Whether the key type of any row is known. */
export function hasKeyTypes(codes: ArrayLike<number>): boolean {
  for (let row = 0; row < codes.length; row++) if (codes[row] !== 0) return true;
  return false;
}

/** Writes the codes of key types. `flags` are those of the same rows. */
export function writeKeyTypes(writer: ByteWriter, codes: ArrayLike<number>, flags: ArrayLike<number>): void {
  const first = codes[0] ?? 0;
  let isConstant = true;
  let isSource = true;
  for (let row = 0; row < codes.length && (isConstant || isSource); row++) {
    const code = codes[row] as number;
    if (code !== first) isConstant = false;
    if (code !== codeOfSource(flags[row] as number)) isSource = false;
  }
  if (isConstant) writer.byte(first);
  else if (isSource) writer.byte(AS_SOURCE);
  else writer.lowBytes(codes, 0);
}

/** Reads the codes of key types from all that is left. `flags` are those of the block. Throws RangeError. */
export function readKeyTypes(reader: ByteReader, flags: Uint8Array): Uint8Array {
  if (reader.left !== 1) {
    const codes = reader.raw(flags.length);
    if (codes.some((code) => code >= AS_SOURCE)) throw new RangeError("unknown type of a key");
    return codes;
  }
  const code = reader.byte();
  if (code > AS_SOURCE) throw new RangeError(`unknown type ${code} of a key`);
  return code === AS_SOURCE ? flags.map(codeOfSource) : new Uint8Array(flags.length).fill(code);
}

function codeOfSource(flags: number): number {
  return keyTypeCodeOf(sourceOf(flags));
}
