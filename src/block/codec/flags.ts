// One byte a record: kind, level, source, and whether there is metadata at all ({} is not the same as none).
// The column that says which key of its pair sent a record: a code a row, 0 where nobody knows, as in all blocks of older formats.
// In nearly every block it is one byte: the code of all rows, or that each row's is its source. Else it is a byte a row. A block
// in which nobody knows any has no such column.

import type { Level, Source } from "../../core/entry.ts";
import { KINDS, type Kind, LEVELS, type StoredRecord } from "../../core/record.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

const LEVEL_SHIFT = 3;

const CLIENT = 1 << 6;

const METADATA = 1 << 7;

const KIND_CODES: Readonly<Record<Kind, number>> = { log: 0, completed: 1, started: 2, unfinished: 3, orphaned: 4 };

const LEVEL_CODES: Readonly<Record<Level, number>> = { debug: 1, info: 2, warn: 3, error: 4 };

export function packFlags(record: Omit<StoredRecord, "id">): number {
  return (
    KIND_CODES[record.kind] |
    (record.level === undefined ? 0 : LEVEL_CODES[record.level] << LEVEL_SHIFT) |
    (record.source === "client" ? CLIENT : 0) |
    (record.metadata === undefined ? 0 : METADATA)
  );
}

/** The index into KINDS. */
export function kindCodeOf(flags: number): number {
  return flags & 7;
}

export function kindOf(flags: number): Kind {
  const kind = KINDS[kindCodeOf(flags)];
  if (kind === undefined) throw new RangeError(`unknown kind code ${kindCodeOf(flags)}`);
  return kind;
}

/** 0 for none, else 1 + the index into LEVELS. */
export function levelCodeOf(flags: number): number {
  return (flags >>> LEVEL_SHIFT) & 7;
}

export function levelOf(flags: number): Level | undefined {
  const code = levelCodeOf(flags);
  return code === 0 ? undefined : LEVELS[code - 1];
}

export function sourceOf(flags: number): Source {
  return (flags & CLIENT) === 0 ? "server" : "client";
}

/** Bits for kind, level and source. */
const OWN_FLAGS = CLIENT | (CLIENT - 1);

const KEY_TYPE_SHIFT = 7;

/** How many different values `countedFlags` can give. */
export const COUNTED_FLAGS_MAX = 512;

/** What notes and searches tell records apart by: kind, level and source as in the flags, and the code of the key's type. */
export function countedFlags(flags: number, keyTypeCode: number): number {
  return (flags & OWN_FLAGS) | (keyTypeCode << KEY_TYPE_SHIFT);
}

/** The code of the key's type in counted flags. */
export function keyTypeCodeIn(counted: number): number {
  return counted >>> KEY_TYPE_SHIFT;
}

export function hasMetadata(flags: number): boolean {
  return (flags & METADATA) !== 0;
}

/** Name of the column. */
export const KEY_TYPE_COLUMN = "keyType";

/** Index = code. */
const KEY_TYPES: readonly (Source | undefined)[] = [undefined, "server", "client"];

/** Stands for the code of each row's source. */
const AS_SOURCE = KEY_TYPES.length;

export function keyTypeCodeOf(keyType: Source | undefined): number {
  if (keyType === undefined) return 0;
  return keyType === "server" ? 1 : 2;
}

export function keyTypeOfCode(code: number): Source | undefined {
  return KEY_TYPES[code];
}

/** Whether any row has one. */
export function hasKeyTypes(codes: ArrayLike<number>): boolean {
  for (let row = 0; row < codes.length; row++) if (codes[row] !== 0) return true;
  return false;
}

/** Writes the codes; `flags` are the same rows'. */
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

/** Reads all that is left; `flags` are the block's. */
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
