// Plans merges: neighbours of one project and one UTC day, by levels of size (as in a log-structured merge tree), so
// that a record is rewritten only a few times however slowly records come. Blocks of single records become blocks of
// 64, these become blocks of thousands, and blocks of hundreds wait until they fill a whole block. A block that is
// large enough is finished.

import { BLOCK_RECORDS_MAX } from "../core/limits.ts";
import { type BlockEntry, MERGE_RAW_BYTES_MAX } from "./catalog.ts";

/** So many blocks of one level become one block of the next. */
const FAN_IN = 64;
/** Where levels end, in records. Larger blocks wait until they fill a whole block. */
const LEVEL_RECORDS_MAX = [16, 256] as const;
/** A merged block of fewer records is made to be merged again. */
const TRANSIENT_RECORDS_MAX = BLOCK_RECORDS_MAX / 8;
/** Inflated bytes that count as one record: large records fill levels by their bytes. */
const RECORD_RAW_BYTES = MERGE_RAW_BYTES_MAX / BLOCK_RECORDS_MAX;
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

/** Records, or as many as the bytes would make. */
function weightOf({ records, rawBytes }: Pick<BlockEntry, "records" | "rawBytes">): number {
  return Math.max(records, rawBytes / RECORD_RAW_BYTES);
}

/** Whether a block that is merged while groups come will soon be merged again. */
export function isTransient(block: Pick<BlockEntry, "records" | "rawBytes">): boolean {
  return weightOf(block) < TRANSIENT_RECORDS_MAX;
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

/** What would fill a block, which is merged straight to its final size. */
function filling(blocks: readonly BlockEntry[]): BlockEntry[] {
  const whole = prefix(blocks);
  return whole.length < blocks.length ? whole : [];
}

function choose(small: readonly BlockEntry[], isIdle: boolean): BlockEntry[] {
  if (isIdle) {
    const whole = filling(small);
    return whole.length >= 2 ? whole : remainders(small);
  }
  let weightMin = 0;
  for (const weightMax of LEVEL_RECORDS_MAX) {
    const level = small.filter((block) => weightOf(block) >= weightMin && weightOf(block) < weightMax);
    if (level.length >= FAN_IN) return prefix(level);
    weightMin = weightMax;
  }
  return filling(small.filter((block) => weightOf(block) >= weightMin));
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
 * The next merge among the unfinished blocks of each project and day, in the order in which they were made, or
 * undefined when there is nothing worth it. With `isIdle` small remainders are merged too, so a quiet server ends with
 * a few blocks a project and day.
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
