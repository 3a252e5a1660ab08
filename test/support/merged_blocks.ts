// Columns as a merged block: packed as a group is, and merged as the compactor does it, but with their rows where they
// are.

import type { EncodedBlock } from "../../src/block/codec/column_chunks.ts";
import { FILTER_CHUNK, STATISTICS_CHUNK } from "../../src/block/codec/column_chunks.ts";
import type { Columns } from "../../src/block/columns.ts";
import { BlockEncoder } from "../../src/block/encode.ts";
import { BlockMerger } from "../../src/block/merge/merge_blocks.ts";

export function mergedOf(columns: Columns, notesRecordsMin?: number, partTexts?: number): EncodedBlock {
  const merger = new BlockMerger("as they lie");
  merger.add(new BlockEncoder().packed(columns).chunks, columns.count);
  return merger.columnar(notesRecordsMin, partTexts).encoded;
}

/** The columns alone, messages as one. */
export function columnarOf(columns: Columns): EncodedBlock {
  const { chunks, rawBytes } = mergedOf(columns, Number.POSITIVE_INFINITY);
  return { chunks: chunks.filter(({ name }) => name !== STATISTICS_CHUNK && name !== FILTER_CHUNK), rawBytes };
}
