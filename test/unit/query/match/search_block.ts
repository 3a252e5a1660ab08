// Blocks to search in, made of records as the worker makes them.

import { type ChunkSource, chunksInMemory } from "../../../../src/block/codec/column_chunks.ts";
import { appendRecord, emptyColumns } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { OpenBlock } from "../../../../src/block/open_block.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { columnarOf, mergedOf } from "../../../support/merged_blocks.ts";

const EMPTY: StoredRecord = {
  id: 0,
  kind: "log",
  time: 0,
  receivedAt: 0,
  source: "server",
  apiKey: "web shop",
  touchpoint: undefined,
  key: undefined,
  level: "info",
  message: undefined,
  startTime: undefined,
  endTime: undefined,
  duration: undefined,
  metadata: undefined,
};

/** A log with an id, unless the parts say otherwise. */
export function record(id: number, parts: Partial<StoredRecord>): StoredRecord {
  return { ...EMPTY, id, time: id, ...parts };
}

/** In parts: with text filters, and a few messages a part. */
export type BlockForm = "packed" | "columnar" | "parts";

export function sourceOf(records: readonly StoredRecord[], form: BlockForm): ChunkSource {
  const columns = emptyColumns();
  for (const stored of records) appendRecord(columns, stored.id, stored);
  if (form === "packed") return chunksInMemory(new BlockEncoder().packed(columns).chunks);
  return chunksInMemory((form === "parts" ? mergedOf(columns, 1, 3) : columnarOf(columns)).chunks);
}

export function blockOf(records: readonly StoredRecord[], form: BlockForm = "columnar"): OpenBlock {
  return new OpenBlock(sourceOf(records, form), records.length);
}

/** A block that notes which columns are inflated. */
export function watchedBlock(records: readonly StoredRecord[]): { block: OpenBlock; inflated: string[] } {
  const inflated: string[] = [];
  const source = sourceOf(records, "columnar");
  const watched: ChunkSource = {
    names: () => source.names(),
    chunk(name) {
      const piece = source.chunk(name);
      if (piece !== undefined) inflated.push(name);
      return piece;
    },
  };
  return { block: new OpenBlock(watched, records.length), inflated };
}
