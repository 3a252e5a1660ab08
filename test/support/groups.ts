// Groups as the worker stages them, for tests of the store that need no worker; and what the compactor does with them.

import type { ColumnChunk } from "../../src/block/codec/column_chunks.ts";
import { appendRecord, emptyColumns } from "../../src/block/columns.ts";
import { BlockMerger } from "../../src/block/merge/merge_blocks.ts";
import type { GroupWrite } from "../../src/commit/group_write.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { CHUNKS_MAX } from "../../src/store/schema.ts";
import type { StoreWriter } from "../../src/store/store_writer.ts";

/** 2026-11-23T12:00:00Z. */
export const NOW = Date.UTC(2026, 10, 23, 12);

export const NOTHING: GroupWrite = {
  blocks: [],
  nextRecordId: 1,
  lastBatch: undefined,
  pendingAdded: [],
  pendingRemoved: [],
  stateChanges: [],
  usage: [],
  rejections: [],
  touchpoints: [],
  keys: [],
  ambiguous: [],
  setAside: undefined,
  bytesReceived: 0,
};

/** A log, unless `fields` make it something else. */
export function recordOf(id: number, fields: Partial<StoredRecord> = {}): StoredRecord {
  return {
    id,
    kind: "log",
    time: NOW,
    receivedAt: NOW,
    source: "server",
    apiKey: "default",
    touchpoint: "a/b",
    key: undefined,
    level: "info",
    message: `message ${id}`,
    startTime: undefined,
    endTime: undefined,
    duration: undefined,
    metadata: { n: id },
    ...fields,
  };
}

/** A group of one block: records of one project and day. */
export function groupOf(project: string, records: readonly StoredRecord[], rest: Partial<GroupWrite> = {}): GroupWrite {
  const columns = emptyColumns();
  for (const one of records) appendRecord(columns, one.id, one);
  const day = Math.floor((records[0]?.time ?? 0) / DAY_MS);
  const nextRecordId = (records.at(-1)?.id ?? 0) + 1;
  return { ...NOTHING, blocks: [{ project, day, columns }], nextRecordId, ...rest };
}

/** A block's chunks as they are stored. */
export function chunksOf(store: StoreWriter, block: number): ColumnChunk[] {
  const sql = "SELECT name, checksum, data FROM pieces WHERE key >= ? AND key < ? ORDER BY key";
  return store.database.query(sql).all(block * CHUNKS_MAX, (block + 1) * CHUNKS_MAX) as ColumnChunk[];
}

/** Merges what is planned for a quiet store, as the compactor does; false when nothing is. */
export function mergeNow(store: StoreWriter): boolean {
  const merged = mergeOf(store);
  return merged !== undefined && store.replaceMerged(merged);
}

/** What mergeNow would put in the place of blocks. */
export function mergeOf(store: StoreWriter): Parameters<StoreWriter["replaceMerged"]>[0] | undefined {
  const plan = store.planMerge(true);
  if (plan === undefined) return undefined;
  const records = new Map([...store.catalog.all()].map((block) => [block.id, block.records]));
  const merger = new BlockMerger();
  for (const id of plan.blocks) merger.add(chunksOf(store, id), records.get(id) as number);
  return { plan, ...merger.columnar() };
}
