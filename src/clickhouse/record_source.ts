// What the shipper reads: committed records by their ids.

import type { StoredRecord } from "../core/record.ts";

/** A record and its project. */
export interface PlacedRecord {
  readonly project: string;
  readonly record: StoredRecord;
}

/** Committed records, from the data file. */
export interface RecordSource {
  /** Every record below this id is committed. */
  nextId(): number;
  /**
   * The records of ids from `from` up to, not including, `to`, in the order of their ids. Where none is left of a long
   * run of ids, the `to` that is returned is larger: the id of the next record, or `nextId`. It is smaller where they
   * would have more than about `bytesMax` bytes. Default: no bound.
   */
  read(from: number, to: number, bytesMax?: number): { readonly records: readonly PlacedRecord[]; readonly to: number };
}
