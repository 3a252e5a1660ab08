// Several blocks into one: their bytes are gathered column by column, put in order and written again, without a record or a string of a
// text in between. Record ids are kept. The only way to a merged block: the compactor merges small ones, an erasure what it leaves of a
// block, and whoever checks a block merges it again: a merged block, merged again, is the same bytes.
//
// Measured with real lines whose digits are redrawn, CPU of one merge of 65,536 records once the code is warm: 0.85 µs a record from
// groups of 4,096 and 0.95 from groups of 300, a quarter of it zstd and an eighth text filters. Decoded into values and strings it was
// 1.7, with twice the memory. A higher level of zstd is up to seven times as slow and hardly smaller; hash tables of half its size would
// save 0.02 µs and take 0.4 % more.

import {
  type ColumnChunk,
  compressChunk,
  type EncodedBlock,
  FILTER_CHUNK,
  STATISTICS_CHUNK,
} from "../codec/column_chunks.ts";
import { BlockEncoder } from "../encode.ts";
import { CHUNK_TEXTS } from "../filter/chunked_texts.ts";
import { computeStatistics } from "../stats/compute_statistics.ts";
import { LARGE_BLOCK_RECORDS_MIN } from "../stats/statistics.ts";
import { type ZoneMap, zoneMapOf } from "../stats/zone_map.ts";
import { MergeInput } from "./merge_input.ts";
import { MergeOutput, type RowOrder } from "./merge_output.ts";
import { outputColumns } from "./output_columns.ts";
import { statisticsSource } from "./output_statistics.ts";

/** A merged block as it is stored. */
export interface MergedBlock {
  readonly zoneMap: ZoneMap;
  readonly encoded: EncodedBlock;
}

/** Merges one or more blocks of one project and one day, one merge after the other; keeps its buffers between them. */
export class BlockMerger {
  readonly #blocks = new MergeInput();
  readonly #encoder = new BlockEncoder();
  readonly #order: RowOrder;

  constructor(order: RowOrder = "sorted") {
    this.#order = order;
  }

  get records(): number {
    return this.#blocks.count;
  }

  /** Inflated bytes of what was added. */
  get rawBytes(): number {
    return this.#blocks.rawBytes;
  }

  /** Forgets what was added. */
  clear(): void {
    this.#blocks.clear();
  }

  /** Adds a block of `count` records. Throws BlockDamagedError, and then only `clear` may follow. */
  add(chunks: readonly ColumnChunk[], count: number): void {
    this.#blocks.add(chunks, count);
  }

  /** What was added, as the rows of one block: good until the next `add` or `clear`. */
  output(): MergeOutput {
    return new MergeOutput(this.#blocks, this.#order);
  }

  /** What was added, as one block with a piece a column, a summary and, of enough records, noted values and text filters. */
  columnar(notesRecordsMin = LARGE_BLOCK_RECORDS_MIN, partTexts = CHUNK_TEXTS): MergedBlock {
    const steps = this.columnarSteps(notesRecordsMin, partTexts);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /** As `columnar`, in steps, for whoever has other work between them; nothing is added or cleared meanwhile. */
  *columnarSteps(notesRecordsMin = LARGE_BLOCK_RECORDS_MIN, partTexts = CHUNK_TEXTS): Generator<void, MergedBlock> {
    const merged = this.output();
    const notes: ColumnChunk[] = [];
    const summary = computeStatistics(statisticsSource(merged), notesRecordsMin);
    if (summary !== undefined) notes.push(compressChunk(STATISTICS_CHUNK, summary.view()));
    yield;
    const isLarge = this.#blocks.count >= notesRecordsMin;
    const areParted = isLarge && merged.hasPlainMessages();
    const filter = isLarge ? merged.ngramFilter(!areParted).encode() : undefined;
    if (filter !== undefined) notes.push(compressChunk(FILTER_CHUNK, filter.view()));
    yield;
    const columns = outputColumns(merged, areParted ? partTexts : undefined);
    const { chunks, rawBytes } = yield* this.#encoder.columnarSteps(columns);
    return { zoneMap: this.#zoneMap(), encoded: { chunks: [...notes, ...chunks], rawBytes } };
  }

  /** What was added, as one block that is packed: cheaper, for what will soon be merged again. */
  packed(): MergedBlock {
    const merged = this.output();
    return { zoneMap: this.#zoneMap(), encoded: this.#encoder.packedOf(outputColumns(merged, undefined)) };
  }

  #zoneMap(): ZoneMap {
    const { count, id, time, received, flags } = this.#blocks;
    return zoneMapOf({ count, id: id.view(), time: time.view(), received: received.view(), flags: flags.view() });
  }
}
