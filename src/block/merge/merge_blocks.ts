// Merges several blocks into one: the bytes of each column are appended to buffers, put in order and written again,
// without a record or a string of a text in between. Record ids stay. Every merged block is made here: the compactor
// merges small blocks, an erasure what it leaves of one, and verification merges a block again, which gives the same
// bytes.
//
// Measured with real lines whose digits are redrawn, CPU of a merge of 65,536 records once the code is warm: 0.85 µs a
// record from groups of 4,096 and 0.95 from groups of 300, a quarter of it zstd and an eighth n-gram filters. Decoded
// into values and strings it was 1.7, with twice the memory. A higher level of zstd is up to seven times as slow and
// hardly smaller; zstd hash tables of half the size would save 0.02 µs and take 0.4 % more.

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

/** A merged block, ready to be stored. */
export interface MergedBlock {
  readonly zoneMap: ZoneMap;
  readonly encoded: EncodedBlock;
}

/** Merges blocks of one project and one day. It can merge again after `clear`, and keeps its buffers. */
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

  /** Inflated bytes of the blocks added. */
  get rawBytes(): number {
    return this.#blocks.rawBytes;
  }

  /** Starts a new merge. */
  clear(): void {
    this.#blocks.clear();
  }

  /** Adds a block of `count` records. Throws BlockDamagedError; only `clear` may follow then. */
  add(chunks: readonly ColumnChunk[], count: number): void {
    this.#blocks.add(chunks, count);
  }

  /** The rows of the merged block; valid until the next `add` or `clear`. */
  output(): MergeOutput {
    return new MergeOutput(this.#blocks, this.#order);
  }

  /**
   * The merged block with a chunk a column and statistics.
   *
   * @param largeRecordsMin records from which on it also gets value counts, n-gram filters and messages in chunks.
   * @param chunkTexts messages in a chunk.
   */
  columnar(largeRecordsMin = LARGE_BLOCK_RECORDS_MIN, chunkTexts = CHUNK_TEXTS): MergedBlock {
    const steps = this.columnarSteps(largeRecordsMin, chunkTexts);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * As `columnar`, in steps, so that the caller can do other work between them. Nothing may be added or cleared
   * meanwhile.
   */
  *columnarSteps(largeRecordsMin = LARGE_BLOCK_RECORDS_MIN, chunkTexts = CHUNK_TEXTS): Generator<void, MergedBlock> {
    const output = this.output();
    const beside: ColumnChunk[] = [];
    const statistics = computeStatistics(statisticsSource(output), largeRecordsMin);
    if (statistics !== undefined) beside.push(compressChunk(STATISTICS_CHUNK, statistics.view()));
    yield;
    const isLarge = this.#blocks.count >= largeRecordsMin;
    const areChunked = isLarge && output.hasPlainMessages();
    const filter = isLarge ? output.ngramFilter(!areChunked).encode() : undefined;
    if (filter !== undefined) beside.push(compressChunk(FILTER_CHUNK, filter.view()));
    yield;
    const columns = outputColumns(output, areChunked ? chunkTexts : undefined);
    const { chunks, rawBytes } = yield* this.#encoder.columnarSteps(columns);
    return { zoneMap: this.#zoneMap(), encoded: { chunks: [...beside, ...chunks], rawBytes } };
  }

  /** The merged block, packed: cheaper, for a block that will soon be merged again. */
  packed(): MergedBlock {
    const output = this.output();
    return { zoneMap: this.#zoneMap(), encoded: this.#encoder.packedOf(outputColumns(output, undefined)) };
  }

  #zoneMap(): ZoneMap {
    const { count, id, time, received, flags } = this.#blocks;
    return zoneMapOf({ count, id: id.view(), time: time.view(), received: received.view(), flags: flags.view() });
  }
}
