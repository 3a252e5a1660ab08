// What readers see of a block: its columns, each inflated and decoded when it is first asked for, so a query pays for what
// it needs. Row i of every column belongs to the same record; a sparse column has values for some rows only.

import type { StoredRecord } from "../core/record.ts";
import type { RestMembers } from "./codec/overflow_metadata.ts";
import type { DictionaryColumn } from "./codec/strings.ts";
import type { SparseColumn } from "./columns.ts";

/** Texts, one a place; searched without making a string of each. */
export interface TextColumn {
  readonly count: number;
  /** Whether there is a text at a place; cheaper than to get it. */
  has(place: number): boolean;
  /** The text at a place, or undefined where there is none. */
  value(place: number): string | undefined;
  /** As `value`, its first so many units; half a surrogate pair at the cut is U+FFFD. */
  beginning(place: number, lengthMax: number): string | undefined;
  /**
   * Sets `hits[place] = 1` for each text that contains the needle, whatever the case of either. The needle is
   * folded: as foldText gives it. Places that have no 1 in `wanted` may be left out.
   */
  markContaining(needle: string, hits: Uint8Array, wanted?: Uint8Array): void;
  /** Sets `hits[place] = 1` for each text that the test accepts; it is asked once for each different text where they repeat. */
  markWhere(test: (text: string) => boolean, hits: Uint8Array): void;
  /** Where texts repeat, the different ones, and for each place the number of its own from 1 on, 0 for none; else undefined. */
  coded(): DictionaryColumn | undefined;
}

/** Texts of some rows: place n belongs to row `rows[n]`, rows rising. */
export interface SparseTextColumn extends TextColumn {
  readonly rows: ArrayLike<number>;
}

/** A metadata field's JSON values of some rows: place n belongs to row `rows[n]`, rows rising. */
export interface ValueColumn {
  readonly rows: ArrayLike<number>;
  value(place: number): unknown;
  /** The value's JSON where it is an object or an array; no object is made of it. */
  json(place: number): string | undefined;
  /** As TextColumn, over the value's texts: a string itself, String(value) of a number, boolean or null, and those of every
   * leaf of an object or an array (the names of members are not searched). */
  markContaining(needle: string, hits: Uint8Array): void;
  /** Asks the test for each value; once for each different value where they repeat. */
  markWhere(test: (value: unknown) => boolean, hits: Uint8Array): void;
  /** As TextColumn, where all values are texts. */
  coded(): DictionaryColumn | undefined;
}

/** Every method throws BlockDamagedError where the bytes are not what was written. */
export interface BlockView {
  readonly count: number;
  id(): Float64Array;
  time(): Float64Array;
  received(): Float64Array;
  flags(): Uint8Array;
  /** Codes of key_types.ts; 0 where nobody knows. */
  keyType(): Uint8Array;
  apiKey(): DictionaryColumn;
  touchpoint(): DictionaryColumn;
  message(): TextColumn;
  key(): SparseTextColumn | undefined;
  start(): SparseColumn<number> | undefined;
  end(): SparseColumn<number> | undefined;
  duration(): SparseColumn<number> | undefined;
  /** Names of the fields that have a column of their own. */
  metadataNames(): readonly string[];
  /** A field that has a column of its own. */
  metadata(name: string): ValueColumn | undefined;
  /** What has no column of its own: a JSON object a row, as text. */
  rest(): SparseColumn<string> | undefined;
  /** The same, looked through once. */
  restMembers(): RestMembers | undefined;
  /** The records of these rows, in their order. */
  records(rows: ArrayLike<number>): StoredRecord[];
}
