// Which blocks must go: those whose last record is older than its project's retention, and others while the data is larger than it
// may be: first what a shorter retention hides already, then what was received first. A block spans one UTC day at most, so a
// record is gone a day after it expired at the latest.

import type { BlockEntry } from "../block_entry.ts";

/** Why a block goes: its age; room is needed, and it is hidden already; room is needed, and it was received first. */
export type RemovalCause = "expired" | "hidden" | "oldest";

export interface Removal {
  readonly block: BlockEntry;
  readonly cause: RemovalCause;
}

export interface RetentionRules {
  /** Unix ms. */
  readonly now: number;
  /** How long records of a project stay on disk, in ms; by row of `projects`. */
  readonly keptMsOf: (project: number) => number;
  /** How long they are shown, in ms: no longer than that. */
  readonly shownMsOf: (project: number) => number;
  /** Compressed bytes that must go because the file is too large, 0 for none. */
  readonly excessBytes: number;
}

/** The blocks to remove, in this order. */
export function blocksToRemove(blocks: Iterable<BlockEntry>, rules: RetentionRules): Removal[] {
  const removals: Removal[] = [];
  const kept: BlockEntry[] = [];
  let excess = rules.excessBytes;
  for (const block of blocks) {
    if (block.timeMax < rules.now - rules.keptMsOf(block.project)) {
      removals.push({ block, cause: "expired" });
      excess -= block.bytes;
    } else if (rules.excessBytes > 0) {
      kept.push(block);
    }
  }
  if (excess <= 0) return removals;
  for (const removal of inOrderOfRemoval(kept, rules)) {
    if (excess <= 0) break;
    removals.push(removal);
    excess -= removal.block.bytes;
  }
  return removals;
}

/** Blocks that nothing shows any more, though their time on disk is not up; those received first come first. */
export function hiddenBlocks(blocks: Iterable<BlockEntry>, rules: RetentionRules): Removal[] {
  return inOrderOfRemoval([...blocks], rules).filter(({ cause }) => cause === "hidden");
}

function inOrderOfRemoval(blocks: readonly BlockEntry[], { now, shownMsOf }: RetentionRules): Removal[] {
  const removals = blocks.map((block): Removal => {
    const isHidden = block.timeMax < now - shownMsOf(block.project);
    return { block, cause: isHidden ? "hidden" : "oldest" };
  });
  const orderOf = ({ cause }: Removal) => (cause === "hidden" ? 0 : 1);
  return removals.sort((a, b) => orderOf(a) - orderOf(b) || a.block.idMin - b.block.idMin || a.block.id - b.block.id);
}
