// Which blocks to merge next. Neighbours of one project and one UTC day, by tiers of size, so that every record is written
// again only a few times however slowly it came; a block that is big enough is left alone for good.

import { BLOCK_RECORDS_MAX } from "../core/limits.ts";
import type { BlockEntry } from "./catalog.ts";

/** Inflated bytes that a merge may hold: bounds the compactor's memory when records are large. */
const MERGE_RAW_BYTES_MAX = 64 * 1024 * 1024;
/** A block of at least half the size of a full one is finished. */
const FINISHED_RECORDS_MIN = BLOCK_RECORDS_MAX / 2;
const FINISHED_RAW_BYTES_MIN = MERGE_RAW_BYTES_MAX / 2;
/** So many blocks of one tier become one of the next; each tier holds blocks of up to that many times the records. */
const FAN_IN = 16;
/** Blocks that one merge reads at most; bounds its time. */
const MERGE_BLOCKS_MAX = 256;

/** Blocks to merge into one, two or more, of one project and day. */
export interface MergePlan {
  readonly project: number;
  readonly day: number;
  readonly blocks: readonly number[];
}

/** Whether a block is big enough to be left alone for good. */
export function isFinished(block: BlockEntry): boolean {
  return block.records >= FINISHED_RECORDS_MIN || block.rawBytes >= FINISHED_RAW_BYTES_MIN;
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
  if (whole.length >= 2 && (whole.length < small.length || isIdle)) return whole;
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
 * The next merge of unfinished blocks, or undefined when there is nothing worth it. With `isIdle` small remainders are merged too, so a quiet
 * server ends with one small block a project and day.
 */
export function planMerge(blocks: Iterable<BlockEntry>, isIdle: boolean): MergePlan | undefined {
  const days = new Map<string, BlockEntry[]>();
  for (const block of blocks) {
    const name = `${block.project}/${block.day}`;
    const day = days.get(name);
    if (day === undefined) days.set(name, [block]);
    else day.push(block);
  }
  let best: BlockEntry[] = [];
  for (const small of days.values()) {
    if (small.length < 2 || small.length <= best.length) continue;
    const chosen = choose(
      small.sort((a, b) => a.id - b.id),
      isIdle,
    );
    if (chosen.length >= 2 && chosen.length > best.length) best = chosen;
  }
  const [first] = best;
  if (first === undefined) return undefined;
  return { project: first.project, day: first.day, blocks: best.map((block) => block.id) };
}
