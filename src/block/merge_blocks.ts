// Several blocks into one, on the compactor's thread: their bytes are gathered column by column, put in order and written again,
// without a record or a string of a text in between. Record ids are kept.
//
// Measured with real lines whose digits are redrawn, CPU of one merge of 64,000 records once the code is warm: 1.2 µs a record from
// groups of 4,000, of which 0.2 gathers, 0.3 is zstd and 0.25 are the text filters, and 2.1 from groups of 30. Decoded into values and
// strings it was 1.7 and 4.4, with twice the memory. A higher level of zstd is up to seven times as slow and hardly smaller.

import { BlockEncoder, type BlockPiece, type EncodedBlock, pieceOf } from "./encode.ts";
import { GatheredBlocks } from "./gathered_blocks.ts";
import { type BlockHeader, headerOf } from "./header.ts";
import { mergedColumns } from "./merged_columns.ts";
import { MergedRows } from "./merged_rows.ts";
import { summariseSource } from "./summarise.ts";
import { NOTES_RECORDS_MIN, SUMMARY } from "./summary.ts";
import { FILTER } from "./text_filter.ts";
import { PART_TEXTS } from "./text_parts.ts";

/** A merged block as it is stored. */
export interface MergedBlock {
  readonly header: BlockHeader;
  readonly encoded: EncodedBlock;
}

/** Merges blocks of one project and one day, one merge after the other; keeps its buffers between them. */
export class BlockMerger {
  readonly #blocks = new GatheredBlocks();
  readonly #encoder = new BlockEncoder();

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
  add(pieces: readonly BlockPiece[], count: number): void {
    this.#blocks.add(pieces, count);
  }

  /** What was added, as one block with a piece a column, a summary and, of enough records, noted values and text filters. */
  columnar(notesRecordsMin = NOTES_RECORDS_MIN, partTexts = PART_TEXTS): MergedBlock {
    const merged = new MergedRows(this.#blocks);
    const notes: BlockPiece[] = [];
    const summary = summariseSource(merged.summarySource(), notesRecordsMin);
    if (summary !== undefined) notes.push(pieceOf(SUMMARY, summary.view()));
    const isLarge = this.#blocks.count >= notesRecordsMin;
    const areParted = isLarge && merged.hasPlainMessages();
    const filter = isLarge ? merged.textFilter(!areParted).encode() : undefined;
    if (filter !== undefined) notes.push(pieceOf(FILTER, filter.view()));
    const { pieces, rawBytes } = this.#encoder.columnarOf(mergedColumns(merged, areParted ? partTexts : undefined));
    return { header: this.#header(), encoded: { pieces: [...notes, ...pieces], rawBytes } };
  }

  /** What was added, as one block that is packed: cheaper, for what will soon be merged again. */
  packed(): MergedBlock {
    const merged = new MergedRows(this.#blocks);
    return { header: this.#header(), encoded: this.#encoder.packedOf(mergedColumns(merged, undefined)) };
  }

  #header(): BlockHeader {
    const { count, id, time, received, flags } = this.#blocks;
    return headerOf({ count, id: id.view(), time: time.view(), received: received.view(), flags: flags.view() });
  }
}
