// Blocks in memory for tests of queries: as the writer makes them, and merged as the compactor does, whenever a test
// says so.

import type { ChunkSource, ColumnChunk, EncodedBlock } from "../../src/block/codec/column_chunks.ts";
import { appendRecord, emptyColumns } from "../../src/block/columns.ts";
import { BlockEncoder } from "../../src/block/encode.ts";
import { BlockMerger } from "../../src/block/merge/merge_blocks.ts";
import { zoneMapOf } from "../../src/block/stats/zone_map.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import type { BlockFilter, QueryBlock, QuerySource } from "../../src/query/scan/source.ts";
import { integer, type Random } from "./random.ts";

interface MemoryBlock {
  readonly zoneMap: QueryBlock;
  readonly chunks: ColumnChunk[];
}

function sourceOf(chunks: readonly ColumnChunk[], read: () => void): ChunkSource {
  return {
    chunk: (name) => {
      read();
      return chunks.find((chunk) => chunk.name === name);
    },
    names: () => chunks.map(({ name }) => name),
  };
}

/** A file of blocks; `begin` keeps what is seen as it is until `end`. */
export class MemorySource implements QuerySource {
  #blocks = new Map<number, MemoryBlock>();
  #seen: ReadonlyMap<number, MemoryBlock> | undefined;
  #nextBlock = 1;
  #nextRecord = 1;
  readonly #encoder = new BlockEncoder();
  /** Called before each opening: where a test lets blocks merge. */
  beforeOpen: () => void = () => undefined;
  /** How often a chunk of a block was read. */
  chunksRead = 0;

  begin(): void {
    this.#seen = new Map(this.#blocks);
  }

  end(): void {
    this.#seen = undefined;
  }

  list({ project, from, to }: BlockFilter): QueryBlock[] {
    return this.#headers().filter(
      (block) => (project === undefined || block.project === project) && block.timeMax >= from && block.timeMin < to,
    );
  }

  listIds(from: number, to: number): QueryBlock[] {
    const blocks = this.#headers().filter((block) => block.idMax >= from && block.idMin < to);
    return blocks.sort((a, b) => a.idMin - b.idMin);
  }

  open(block: number): ChunkSource | undefined {
    this.beforeOpen();
    const found = (this.#seen ?? this.#blocks).get(block);
    return found === undefined ? undefined : sourceOf(found.chunks, () => this.chunksRead++);
  }

  nextRecordId(): number {
    return this.#nextRecord;
  }

  projects(): string[] {
    return [...new Set(this.#headers().map(({ project }) => project))].sort();
  }

  /** Stores records as one block; their ids are given here. */
  write(project: string, records: readonly Omit<StoredRecord, "id">[]): StoredRecord[] {
    const columns = emptyColumns();
    const stored = records.map((record) => ({ ...record, id: this.#nextRecord++ }));
    for (const record of stored) appendRecord(columns, record.id, record);
    this.#add(project, zoneMapOf(columns), this.#encoder.packed(columns), false);
    return stored;
  }

  /** Merges all blocks of a project that are not finished. */
  merge(project: string, isFinished: boolean): void {
    const parts = [...this.#blocks.values()].filter(
      ({ zoneMap }) => zoneMap.project === project && !zoneMap.isFinished,
    );
    if (parts.length === 0) return;
    const merger = new BlockMerger();
    for (const { zoneMap, chunks } of parts) merger.add(chunks, zoneMap.records);
    for (const { zoneMap } of parts) this.#blocks.delete(zoneMap.id);
    const { zoneMap, encoded } = merger.columnar(1);
    this.#add(project, zoneMap, encoded, isFinished);
  }

  /** Flips a byte in each of a block's pieces, or in the one of this name. */
  damage(block: number, name?: string): void {
    const chunks = this.#blocks.get(block)?.chunks;
    if (chunks === undefined) throw new Error(`there is no block ${block}`);
    for (const [index, chunk] of chunks.entries()) {
      if (name !== undefined && chunk.name !== name) continue;
      const data = Uint8Array.from(chunk.data);
      data[data.length >> 1] = (data[data.length >> 1] as number) ^ 1;
      chunks[index] = { ...chunk, data };
    }
  }

  remove(block: number): void {
    this.#blocks.delete(block);
  }

  #headers(): QueryBlock[] {
    return [...(this.#seen ?? this.#blocks).values()].map(({ zoneMap }) => zoneMap);
  }

  #add(
    project: string,
    zoneMap: Omit<QueryBlock, "id" | "project" | "isFinished" | "rawBytes">,
    { chunks, rawBytes }: EncodedBlock,
    isFinished: boolean,
  ): void {
    const id = this.#nextBlock++;
    this.#blocks.set(id, { zoneMap: { ...zoneMap, id, project, rawBytes, isFinished }, chunks: [...chunks] });
  }
}

const WORDS = "order placed timeout connection refused Ärger 日本 GET /api retry user deadlock ok".split(" ");
const TOUCHPOINTS = ["api/orders", "api/orders/submit", "api/users", "db/query", "web", undefined];

/** A record as the worker might make it, with few different values so that searches hit. */
export function randomRecord(random: Random, timeFrom: number, timeTo: number): Omit<StoredRecord, "id"> {
  const one = <T>(values: readonly T[]): T => values[integer(random, values.length - 1)] as T;
  const time = timeFrom + Math.floor(random() * (timeTo - timeFrom));
  const kind = one(["log", "log", "log", "completed", "completed", "started", "unfinished", "orphaned"] as const);
  const duration = kind === "completed" ? Math.round(10 ** (random() * 5) * 100) / 100 : undefined;
  const level = kind === "log" || random() < 0.3 ? one(["debug", "info", "info", "warn", "error"] as const) : undefined;
  const metadata = random() < 0.5 ? { orderId: `ord_${integer(random, 5)}`, count: integer(random, 9) } : undefined;
  return {
    kind,
    time,
    receivedAt: time + integer(random, 1000),
    source: one(["server", "client"] as const),
    keyType: one([undefined, "server", "server", "client"] as const),
    apiKey: one(["web shop", "backend"]),
    touchpoint: one(TOUCHPOINTS),
    key: random() < 0.3 ? `req-${integer(random, 20)}` : undefined,
    level,
    message: random() < 0.8 ? `${one(WORDS)} ${one(WORDS)} ${integer(random, 99)}` : undefined,
    startTime: kind === "log" || kind === "orphaned" ? undefined : time,
    endTime: kind === "completed" || kind === "orphaned" ? time + (duration ?? 0) : undefined,
    duration,
    metadata,
  };
}
