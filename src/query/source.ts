// What queries need of the data file: the small interface that the store's reader fulfils. A question holds a reader of its own for
// as long as it lasts, so that its snapshots are nobody else's.

import type { PieceSource } from "../block/open_block.ts";

/** A block as its header describes it. Times in Unix ms. */
export interface QueryBlock {
  readonly id: number;
  readonly project: string;
  readonly records: number;
  readonly idMin: number;
  readonly idMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
  /** Logs by level: debug, info, warn, error. */
  readonly levels: readonly [number, number, number, number];
  /** Timings by status: completed, started, unfinished, orphaned. */
  readonly statuses: readonly [number, number, number, number];
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
  /** A block's pieces, or undefined when it is gone. */
  open(block: number): PieceSource | undefined;
  /** All records below it are stored. */
  nextRecordId(): number;
  /** Every project that ever stored anything. */
  projects(): readonly string[];
}
