// The columns of a block in memory, between records and bytes. Row i of every column belongs to the same record.
// Records are appended to them as they are ingested, and rows are selected from them when others are erased.

import { type JsonObject, setMember } from "../core/json.ts";
import { METADATA_COLUMNS_MAX, METADATA_NAME_LENGTH_MAX } from "../core/limits.ts";
import type { StoredRecord } from "../core/record.ts";
import type { OptionalText } from "./codec/dictionary.ts";
import { keyTypeCodeOf, packFlags } from "./codec/flags.ts";
import { emptySparse, type SparseColumn, type SparseDraft } from "./codec/sparse_column.ts";

/** The columns of `count` records. Times in Unix ms, durations in ms. */
export interface Columns {
  readonly count: number;
  readonly id: ArrayLike<number>;
  readonly time: ArrayLike<number>;
  readonly received: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
  /** Codes of key types (keyTypeCodeOf). */
  readonly keyType: ArrayLike<number>;
  readonly apiKey: readonly string[];
  readonly touchpoint: readonly OptionalText[];
  readonly message: readonly OptionalText[];
  readonly key: SparseColumn<string>;
  readonly start: SparseColumn<number>;
  readonly end: SparseColumn<number>;
  readonly duration: SparseColumn<number>;
  /** JSON values by name of the metadata field; at most METADATA_COLUMNS_MAX names. */
  readonly metadata: ReadonlyMap<string, SparseColumn<unknown>>;
  /** Metadata without a column of its own: a JSON object a row, as text. */
  readonly overflow: SparseColumn<string>;
}

/** Columns that still grow. */
/** The columns of `count` records. Times in Unix ms, durations in ms. */
export interface ColumnsDraft extends Columns {
  count: number;
  readonly id: number[];
  readonly time: number[];
  readonly received: number[];
  readonly flags: number[];
  readonly keyType: number[];
  readonly apiKey: string[];
  readonly touchpoint: OptionalText[];
  readonly message: OptionalText[];
  readonly key: SparseDraft<string>;
  readonly start: SparseDraft<number>;
  readonly end: SparseDraft<number>;
  readonly duration: SparseDraft<number>;
  readonly metadata: Map<string, SparseDraft<unknown>>;
  readonly overflow: SparseDraft<string>;
}

/** Columns without records. */
export function emptyColumns(): ColumnsDraft {
  return {
    count: 0,
    id: [],
    time: [],
    received: [],
    flags: [],
    keyType: [],
    apiKey: [],
    touchpoint: [],
    message: [],
    key: emptySparse(),
    start: emptySparse(),
    end: emptySparse(),
    duration: emptySparse(),
    metadata: new Map(),
    overflow: emptySparse(),
  };
}

function put<T>(column: SparseDraft<T>, row: number, value: T): void {
  column.rows.push(row);
  column.values.push(value);
}

/**
 * Adds metadata fields to their columns. Long names, and those past METADATA_COLUMNS_MAX, go to the overflow metadata.
 */
function appendMetadata(columns: ColumnsDraft, row: number, metadata: JsonObject): void {
  let overflow: JsonObject | undefined;
  for (const name in metadata) {
    let column = columns.metadata.get(name);
    if (column === undefined) {
      if (columns.metadata.size >= METADATA_COLUMNS_MAX || name.length > METADATA_NAME_LENGTH_MAX) {
        overflow ??= {};
        const value = metadata[name];
        // As in a column of its own: a half of a character is U+FFFD.
        setMember(overflow, name, typeof value === "string" ? value.toWellFormed() : value);
        continue;
      }
      column = emptySparse<unknown>();
      columns.metadata.set(name, column);
    }
    put(column, row, metadata[name]);
  }
  if (overflow !== undefined) put(columns.overflow, row, JSON.stringify(overflow));
}

/**
 * Adds a record as the next row. Its strings outside of metadata are well-formed, its numbers finite. Measured: 0.11 to 0.16 µs a record on
 * one core.
 */
export function appendRecord(columns: ColumnsDraft, id: number, record: Omit<StoredRecord, "id">): void {
  const row = columns.count++;
  columns.id.push(id);
  columns.time.push(record.time);
  columns.received.push(record.receivedAt);
  columns.flags.push(packFlags(record));
  columns.keyType.push(keyTypeCodeOf(record.keyType));
  columns.apiKey.push(record.apiKey);
  columns.touchpoint.push(record.touchpoint);
  columns.message.push(record.message);
  if (record.key !== undefined) put(columns.key, row, record.key);
  if (record.startTime !== undefined) put(columns.start, row, record.startTime);
  if (record.endTime !== undefined) put(columns.end, row, record.endTime);
  if (record.duration !== undefined) put(columns.duration, row, record.duration);
  if (record.metadata !== undefined) appendMetadata(columns, row, record.metadata);
}

/**
 * The rows for which `isKept[row]` is 1, as columns of their own. Nothing of the other rows is left: no text, no
 * metadata field that only they had.
 */
export function selectRows(columns: Columns, isKept: Uint8Array): Columns {
  const rows: number[] = [];
  /** The new row of each kept row. */
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
    overflow: sparse(columns.overflow),
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
