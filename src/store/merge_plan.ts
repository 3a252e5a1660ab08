// Which blocks to merge next. Neighbours of one project and one UTC day, by tiers of size, so that every record is written
// again only a few times however slowly it came; a block that is big enough is left alone for good.

import { BLOCK_RECORDS_MAX } from "../core/limits.ts";
import { type BlockEntry, MERGE_RAW_BYTES_MAX } from "./block_entry.ts";

/** So many blocks of one tier become one of the next; each tier holds blocks of up to that many times the records. */
const FAN_IN = 16;
/** Between groups a block is merged with smaller ones that hold at least its records divided by this. */
const IDLE_RATIO = 4;
/** Blocks that one merge reads at most; bounds its time. */
const MERGE_BLOCKS_MAX = 256;

/** Blocks to merge into one, two or more, of one project and day. */
export interface MergePlan {
  readonly project: number;
  readonly day: number;
  readonly blocks: readonly number[];
}

function tierOf(block: BlockEntry): number {
  return Math.floor(Math.log(Math.max(1, block.records)) / Math.log(FAN_IN));
}

/** As many of the blocks, in order, as one merge can hold. */
function prefix(blocks: readonly BlockEntry[]): BlockEntry[] {
  const taken: BlockEntry[] = [];
  let records = 0;
  let rawBytes = 0;
  for (const block of blocks) {
    records += block.records;
    rawBytes += block.rawBytes;
    if (records > BLOCK_RECORDS_MAX || rawBytes > MERGE_RAW_BYTES_MAX || taken.length === MERGE_BLOCKS_MAX) break;
    taken.push(block);
  }
  return taken;
}

function choose(small: readonly BlockEntry[], isIdle: boolean): BlockEntry[] {
  const whole = prefix(small);
  // What would fill a block is merged once, straight to its final size.
  if (whole.length >= 2 && whole.length < small.length) return whole;
  if (isIdle) return remainders(small);
  const tiers = new Map<number, BlockEntry[]>();
  for (const block of small) {
    const tier = tiers.get(tierOf(block)) ?? [];
    tier.push(block);
    tiers.set(tierOf(block), tier);
  }
  for (const tier of [...tiers.keys()].sort((a, b) => a - b)) {
    const blocks = tiers.get(tier) as BlockEntry[];
    if (blocks.length >= FAN_IN) return prefix(blocks);
  }
  return [];
}

/**
 * The smallest blocks, and each next larger one unless it is IDLE_RATIO times what was taken: a server that gets a line
 * now and then would else write its whole day again for each.
 */
function remainders(small: readonly BlockEntry[]): BlockEntry[] {
  let taken: BlockEntry[] = [];
  let records = 0;
  for (const block of [...small].sort((a, b) => a.records - b.records || a.id - b.id)) {
    if (block.records > IDLE_RATIO * records) {
      if (taken.length >= 2) break;
      taken = [];
      records = 0;
    }
    taken.push(block);
    records += block.records;
  }
  return prefix(taken.sort((a, b) => a.id - b.id));
}

/**
 * The next merge among the unfinished blocks of each project and day, in the order in which they were made, or undefined
 * when there is nothing worth it. With `isIdle` small remainders are merged too, so a quiet server ends with a few blocks
 * a project and day.
 */
export function planMerge(days: Iterable<readonly BlockEntry[]>, isIdle: boolean): MergePlan | undefined {
  let best: BlockEntry[] = [];
  for (const small of days) {
    if (small.length < 2 || small.length <= best.length) continue;
    const chosen = choose(small, isIdle);
    if (chosen.length >= 2 && chosen.length > best.length) best = chosen;
  }
  const [first] = best;
  if (first === undefined) return undefined;
  return { project: first.project, day: first.day, blocks: best.map((block) => block.id) };
}
