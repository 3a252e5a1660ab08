// A whole block at once, into columns and records in memory: what exporting, checking and erasing need.

import type { StoredRecord } from "../core/record.ts";
import { fromDictionary } from "./codec/strings.ts";
import { type Columns, emptySparse, type SparseColumn } from "./columns.ts";
import type { BlockPiece } from "./encode.ts";
import { openBlock } from "./open_block.ts";
import { type PlacedValues, recordsAt } from "./records.ts";

/** Decodes every column of a block of `count` records. Throws BlockDamagedError. */
export function decodeColumns(pieces: readonly BlockPiece[], count: number): Columns {
  const block = openBlock(pieces, count);
  const metadata = new Map<string, SparseColumn<unknown>>();
  for (const name of block.metadataNames()) metadata.set(name, decoded(block.metadataValues(name)));
  return {
    count,
    id: block.id(),
    time: block.time(),
    received: block.received(),
    flags: block.flags(),
    keyType: block.keyType(),
    apiKey: fromDictionary(block.apiKey()) as string[],
    touchpoint: fromDictionary(block.touchpoint()),
    message: block.messageTexts().all(),
    key: decoded(block.keyTexts()) as SparseColumn<string>,
    start: block.start() ?? emptySparse<number>(),
    end: block.end() ?? emptySparse<number>(),
    duration: block.duration() ?? emptySparse<number>(),
    metadata,
    metadataRest: decoded(block.restTexts()) as SparseColumn<string>,
  };
}

function decoded<T>(column: { readonly rows: ArrayLike<number>; all(): ArrayLike<T> } | undefined): SparseColumn<T> {
  return column === undefined ? emptySparse<T>() : { rows: column.rows, values: column.all() };
}

/** The block's records in row order, or those of the wanted rows. */
export function recordsOf(columns: Columns, isWanted: (row: number) => boolean = () => true): StoredRecord[] {
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) if (isWanted(row)) rows.push(row);
  return recordsAt(rows, {
    id: columns.id,
    time: columns.time,
    received: columns.received,
    flags: columns.flags,
    keyType: columns.keyType,
    apiKey: (row) => columns.apiKey[row],
    touchpoint: (row) => columns.touchpoint[row],
    message: (row) => columns.message[row],
    key: placed(columns.key),
    start: placed(columns.start),
    end: placed(columns.end),
    duration: placed(columns.duration),
    metadata: [...columns.metadata].map(([name, column]) => [name, placed(column)] as const),
    rest: placed(columns.metadataRest),
  });
}

function placed<T>({ rows, values }: SparseColumn<T>): PlacedValues<T> {
  return { rows, value: (place) => values[place] as T };
}
