// What the writer remembers of each block, and when a block is big enough to be left alone.

import { BLOCK_RECORDS_MAX } from "../core/limits.ts";

/** Inflated bytes that a merge may hold: bounds the compactor's memory when records are large. */
export const MERGE_RAW_BYTES_MAX = 64 * 1024 * 1024;
/** A block of at least half the size of a full one is finished. */
const FINISHED_RECORDS_MIN = BLOCK_RECORDS_MAX / 2;
const FINISHED_RAW_BYTES_MIN = MERGE_RAW_BYTES_MAX / 2;

/** One row of `blocks`, as far as merging and removing need it. Times in Unix ms. */
export interface BlockEntry {
  readonly id: number;
  /** Row of `projects`. */
  readonly project: number;
  readonly day: number;
  readonly records: number;
  readonly timeMax: number;
  /** The id of the oldest record: ids are given in the order of receipt, whatever a record or the machine's clock says of time. */
  readonly idMin: number;
  /** Compressed. */
  readonly bytes: number;
  readonly rawBytes: number;
}

/** Whether a block is left alone for good. */
export function isFinished(block: Pick<BlockEntry, "records" | "rawBytes">): boolean {
  return block.records >= FINISHED_RECORDS_MIN || block.rawBytes >= FINISHED_RAW_BYTES_MIN;
}
