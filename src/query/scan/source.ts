// The blocks as queries see them: the interface that the store's block reader implements. query does not import store.

import type { ChunkSource } from "../../block/codec/column_chunks.ts";
import type { ZoneMap } from "../../block/stats/zone_map.ts";

/**
 * A block with its zone map, before it is opened. One with 0 records is damaged, cannot be opened, and may have held
 * anything.
 */
export interface QueryBlock extends ZoneMap {
  readonly id: number;
  readonly project: string;
  /** What is added to its records' ids; `idMin` and `idMax` have it. Undefined: 0. */
  readonly idOffset?: number;
  /** Inflated bytes of its column chunks. */
  readonly rawBytes: number;
  /** No merge takes it any more: it stays until retention deletes it. */
  readonly isFinished: boolean;
}

export interface BlockFilter {
  /** Undefined: every project. */
  readonly project: string | undefined;
  /** Record times, Unix ms: blocks that may hold a record from `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
}

/**
 * Reads blocks. Between `begin` and `end` all calls see one snapshot of the file. A query has a source of its own while
 * it lasts.
 */
export interface QuerySource {
  begin(): void;
  end(): void;
  list(filter: BlockFilter): QueryBlock[];
  /** The blocks that may hold ids from `from` up to, not including, `to`; by their lowest id. */
  listIds(from: number, to: number): QueryBlock[];
  /**
   * A block's column chunks; undefined when the block was merged or deleted. Throws BlockDamagedError where the file
   * itself is damaged.
   */
  open(block: number): ChunkSource | undefined;
  /** The id that the next record will get: all records below it are stored. */
  nextRecordId(): number;
  /** Every project that ever stored a record. */
  projects(): readonly string[];
}
