// One byte a record: kind, level, source, and whether there is metadata at all ({} is not the same as none).

import { type Level, type Source } from "../core/entry.ts";
import { KINDS, type Kind, LEVELS, type StoredRecord } from "../core/record.ts";

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
