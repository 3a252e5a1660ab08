// Some of a block's rows as columns of their own, in their order: what stays of a block from which records are erased. Nothing of
// the other rows is left in what comes out: no text, no dictionary entry, no metadata field that only they had.

import { type Columns, emptySparse, type SparseColumn } from "./columns.ts";

/** The rows for which `isKept[row]` is 1. */
export function selectRows(columns: Columns, isKept: Uint8Array): Columns {
  const rows: number[] = [];
  /** For each row that is kept, its new number. */
  const places = new Uint32Array(columns.count);
  for (let row = 0; row < columns.count; row++) {
    if (isKept[row] !== 1) continue;
    places[row] = rows.length;
    rows.push(row);
  }
  const dense = <T>(values: ArrayLike<T>): T[] => rows.map((row) => values[row] as T);
  const numbers = (values: ArrayLike<number>) => Float64Array.from(rows, (row) => values[row] as number);
  const sparse = <T>(column: SparseColumn<T>) => selectSparse(column, isKept, places);
  const metadata = new Map<string, SparseColumn<unknown>>();
  for (const [name, column] of columns.metadata) {
    const kept = sparse(column);
    if (kept.rows.length > 0) metadata.set(name, kept);
  }
  return {
    count: rows.length,
    id: numbers(columns.id),
    time: numbers(columns.time),
    received: numbers(columns.received),
    flags: Uint8Array.from(rows, (row) => columns.flags[row] as number),
    keyType: Uint8Array.from(rows, (row) => columns.keyType[row] as number),
    apiKey: dense(columns.apiKey),
    touchpoint: dense(columns.touchpoint),
    message: dense(columns.message),
    key: sparse(columns.key),
    start: sparse(columns.start),
    end: sparse(columns.end),
    duration: sparse(columns.duration),
    metadata,
    metadataRest: sparse(columns.metadataRest),
  };
}

function selectSparse<T>(column: SparseColumn<T>, isKept: Uint8Array, places: Uint32Array): SparseColumn<T> {
  const selected = emptySparse<T>();
  for (let index = 0; index < column.rows.length; index++) {
    const row = column.rows[index] as number;
    if (isKept[row] !== 1) continue;
    selected.rows.push(places[row] as number);
    selected.values.push(column.values[index] as T);
  }
  return selected;
}
