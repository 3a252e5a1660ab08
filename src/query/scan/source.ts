// What queries need of the data file: the small interface that the store's reader fulfils. A question holds a reader of its own for
// as long as it lasts, so that its snapshots are nobody else's.

import type { ChunkSource } from "../../block/codec/column_chunks.ts";
import type { ZoneMap } from "../../block/stats/zone_map.ts";

/** A block as questions see it before they open it. One without records cannot be opened: it is damaged, and may have held anything. */
export interface QueryBlock extends Omit<ZoneMap, "receivedMin" | "receivedMax"> {
  readonly id: number;
  readonly project: string;
  /** Of its pieces, inflated. */
  readonly rawBytes: number;
  /** No merge takes it any more: it stays until retention removes it. */
  readonly isFinished: boolean;
}

export interface BlockFilter {
  readonly project: string | undefined;
  /** Record times, Unix ms: blocks that may hold one from `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
}

/** Where blocks come from. Between `begin` and `end` every call sees the same state of the file. */
export interface QuerySource {
  begin(): void;
  end(): void;
  list(filter: BlockFilter): QueryBlock[];
  /** The blocks that hold ids from `from` up to, not including, `to`. */
  listIds(from: number, to: number): QueryBlock[];
  /** A block's pieces, or undefined when it is gone. Throws BlockDamagedError where the file itself is damaged. */
  open(block: number): ChunkSource | undefined;
  /** All records below it are stored. */
  nextRecordId(): number;
  /** Every project that ever stored anything. */
  projects(): readonly string[];
}
