// The columns of a block in memory, between records and bytes. Row i of every column belongs to the same record.

import type { ByteWriter } from "./codec/bytes.ts";
import type { OptionalText } from "./codec/strings.ts";

/** Values of some rows only: `values[n]` belongs to row `rows[n]`, rows rising. */
export interface SparseColumn<T> {
  readonly rows: ArrayLike<number>;
  readonly values: ArrayLike<T>;
}

export interface Columns {
  readonly count: number;
  readonly id: ArrayLike<number>;
  readonly time: ArrayLike<number>;
  readonly received: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
  /** Codes of key_types.ts. */
  readonly keyType: ArrayLike<number>;
  readonly apiKey: readonly string[];
  readonly touchpoint: readonly OptionalText[];
  readonly message: readonly OptionalText[];
  readonly key: SparseColumn<string>;
  readonly start: SparseColumn<number>;
  readonly end: SparseColumn<number>;
  readonly duration: SparseColumn<number>;
  /** A metadata field's values, by its name: any JSON value. At most METADATA_COLUMNS_MAX names. */
  readonly metadata: ReadonlyMap<string, SparseColumn<unknown>>;
  /** What found no column of its own, as one JSON object a row. */
  readonly metadataRest: SparseColumn<string>;
}

/** A column's name, and what writes its bytes. */
export type NamedColumn = readonly [name: string, write: (writer: ByteWriter) => void];

/** A sparse column that still grows. */
export interface SparseDraft<T> {
  readonly rows: number[];
  readonly values: T[];
}

/** Columns that records are still added to. */
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
  readonly metadataRest: SparseDraft<string>;
}

export function emptySparse<T>(): SparseDraft<T> {
  return { rows: [], values: [] };
}

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
    metadataRest: emptySparse(),
  };
}
