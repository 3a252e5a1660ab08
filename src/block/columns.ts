// The columns of a block in memory, between records and bytes. Row i of every column belongs to the same record.

import type { OptionalText } from "./strings.ts";

/** Values of some rows only: `values[n]` belongs to row `rows[n]`, rows rising. */
export interface SparseColumn<T> {
  readonly rows: number[];
  readonly values: T[];
}

export interface Columns {
  count: number;
  readonly id: number[];
  readonly time: number[];
  readonly received: number[];
  readonly flags: number[];
  readonly apiKey: string[];
  readonly touchpoint: OptionalText[];
  readonly key: SparseColumn<string>;
  readonly message: OptionalText[];
  readonly start: SparseColumn<number>;
  readonly end: SparseColumn<number>;
  readonly duration: SparseColumn<number>;
  /** A metadata field's values, by its name: any JSON value. At most METADATA_COLUMNS_MAX names. */
  readonly metadata: Map<string, SparseColumn<unknown>>;
  /** What found no column of its own, as one JSON object a row. */
  readonly metadataRest: SparseColumn<string>;
}

export function emptySparse<T>(): SparseColumn<T> {
  return { rows: [], values: [] };
}

export function emptyColumns(): Columns {
  return {
    count: 0,
    id: [],
    time: [],
    received: [],
    flags: [],
    apiKey: [],
    touchpoint: [],
    key: emptySparse(),
    message: [],
    start: emptySparse(),
    end: emptySparse(),
    duration: emptySparse(),
    metadata: new Map(),
    metadataRest: emptySparse(),
  };
}
