// Which blocks must go: those whose last record is older than its project's retention, and the oldest ones while the data
// is larger than it may be. A block spans one UTC day at most, so a record is gone a day after it expired at the latest.

import type { BlockEntry } from "./block_entry.ts";

/** Blocks that one transaction removes, so that it stays small on a full disk and short beside ingestion. */
export const REMOVE_BLOCKS_MAX = 16;

export interface RetentionRules {
  /** Unix ms. */
  readonly now: number;
  /** How long records of a project are kept, in ms; by row of `projects`. */
  readonly retentionMsOf: (project: number) => number;
  /** Compressed bytes that must go because the file is too large, 0 for none. */
  readonly excessBytes: number;
}

/** The ids of blocks to remove, expired ones first, then the oldest by time. */
export function blocksToRemove(blocks: Iterable<BlockEntry>, rules: RetentionRules): number[] {
  const expired: number[] = [];
  const kept: BlockEntry[] = [];
  let excess = rules.excessBytes;
  for (const block of blocks) {
    if (block.timeMax < rules.now - rules.retentionMsOf(block.project)) {
      expired.push(block.id);
      excess -= block.bytes;
    } else if (rules.excessBytes > 0) {
      kept.push(block);
    }
  }
  if (excess <= 0) return expired;
  kept.sort((a, b) => a.timeMax - b.timeMax || a.id - b.id);
  for (const block of kept) {
    if (excess <= 0) break;
    expired.push(block.id);
    excess -= block.bytes;
  }
  return expired;
}
