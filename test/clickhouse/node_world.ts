// Several nodes over one table, for tests of reading: one data file that has the records of all nodes, and what one of
// the nodes has of its own, with the table for the rest.

import type { ChunkSource, ColumnChunk, EncodedBlock } from "../../src/block/codec/column_chunks.ts";
import { appendRecord, emptyColumns } from "../../src/block/columns.ts";
import { BlockEncoder } from "../../src/block/encode.ts";
import { BlockMerger } from "../../src/block/merge/merge_blocks.ts";
import { zoneMapOf } from "../../src/block/stats/zone_map.ts";
import type { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { RecordRows } from "../../src/clickhouse/record_rows.ts";
import { RECORD_COLUMNS, RECORDS } from "../../src/clickhouse/schema.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { placeOfId } from "../../src/query/scan/ids.ts";
import type { BlockFilter, QueryBlock, QuerySource } from "../../src/query/scan/source.ts";
import type { ExportSource } from "../../src/query/stream/export.ts";

interface HeldBlock {
  readonly zoneMap: QueryBlock;
  readonly chunks: readonly ColumnChunk[];
}

/** Blocks of records whose ids are given. */
export class BlocksSource implements QuerySource, ExportSource {
  readonly #blocks = new Map<number, HeldBlock>();
  readonly #nextId: number;
  #nextBlock = 1;

  /** @param nextId what `nextRecordId` says */
  constructor(nextId: number) {
    this.#nextId = nextId;
  }

  /** Adds a block of records in the order of their ids. Returns its number. */
  add(project: string, records: readonly StoredRecord[]): number {
    const columns = emptyColumns();
    for (const record of records) appendRecord(columns, record.id, record);
    return this.#put(project, zoneMapOf(columns), new BlockEncoder().packed(columns), false);
  }

  /** Merges blocks of one project, as the compactor does. */
  merge(project: string, blocks: readonly number[]): void {
    const merger = new BlockMerger();
    for (const block of blocks) {
      const { zoneMap, chunks } = this.#blocks.get(block) as HeldBlock;
      merger.add([...chunks], zoneMap.records);
      this.#blocks.delete(block);
    }
    const { zoneMap, encoded } = merger.columnar(1);
    this.#put(project, zoneMap, encoded, true);
  }

  begin(): void {}

  end(): void {}

  list({ project, from, to }: BlockFilter): QueryBlock[] {
    return this.#all().filter(
      (block) => (project === undefined || block.project === project) && block.timeMax >= from && block.timeMin < to,
    );
  }

  listIds(from: number, to: number): QueryBlock[] {
    return this.overlapping(from, to).sort((a, b) => a.idMin - b.idMin);
  }

  overlapping(from: number, to: number): QueryBlock[] {
    return this.#all().filter((block) => block.idMax >= from && block.idMin < to);
  }

  open(block: number): ChunkSource | undefined {
    const chunks = this.chunks(block);
    if (chunks === undefined) return undefined;
    return {
      chunk: (name) => chunks.find((chunk) => chunk.name === name),
      names: () => chunks.map(({ name }) => name),
    };
  }

  chunks(block: number): readonly ColumnChunk[] | undefined {
    return this.#blocks.get(block)?.chunks;
  }

  nextRecordId(): number {
    return this.#nextId;
  }

  projects(): string[] {
    return [...new Set(this.#all().map(({ project }) => project))].sort();
  }

  damagedZoneMaps(): readonly number[] {
    return [];
  }

  #all(): QueryBlock[] {
    return [...this.#blocks.values()].map(({ zoneMap }) => zoneMap);
  }

  #put(
    project: string,
    zoneMap: Omit<QueryBlock, "id" | "project" | "isFinished" | "rawBytes">,
    { chunks, rawBytes }: EncodedBlock,
    isFinished: boolean,
  ): number {
    const id = this.#nextBlock++;
    this.#blocks.set(id, { zoneMap: { ...zoneMap, id, project, rawBytes, isFinished }, chunks: [...chunks] });
    return id;
  }
}

/** Inserts records as the shipper does. Their ids are those that are shown. */
export async function shipRecords(
  client: ClickHouseClient,
  records: readonly { readonly project: string; readonly record: StoredRecord }[],
  retentionMsOf: (project: string) => number,
): Promise<void> {
  const byNode = new Map<number, RecordRows>();
  for (const { project, record } of records) {
    const { node, id } = placeOfId(record.id);
    const rows = byNode.get(node) ?? new RecordRows({ node, retentionMsOf });
    byNode.set(node, rows);
    rows.add(project, { ...record, id });
  }
  for (const rows of byNode.values()) {
    await client.insert({
      table: RECORDS,
      columns: RECORD_COLUMNS.map(({ name }) => name),
      body: rows.body(),
      format: "RowBinary",
      token: crypto.randomUUID(),
    });
  }
}
