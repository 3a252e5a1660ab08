// The blocks of the data file, known in memory by the one thread that writes: what to merge, what to drop, what to show.

import type { Database } from "bun:sqlite";
import { isFinished } from "./merge_plan.ts";

/** One row of `blocks`, as far as merging and retention need it. Times in Unix ms. */
export interface BlockEntry {
  readonly id: number;
  /** Row of `projects`. */
  readonly project: number;
  readonly day: number;
  readonly records: number;
  readonly timeMax: number;
  /** Compressed. */
  readonly bytes: number;
  readonly rawBytes: number;
}

export class BlockCatalog {
  readonly #blocks = new Map<number, BlockEntry>();
  /** Those that a merge may still take: few, so planning looks only at them. */
  readonly #unfinished = new Map<number, BlockEntry>();
  #records = 0;
  #nextId = 1;

  static load(database: Database): BlockCatalog {
    const catalog = new BlockCatalog();
    const rows = database
      .query(
        "SELECT id, project, day, records, time_max AS timeMax, bytes, raw_bytes AS rawBytes FROM blocks ORDER BY id",
      )
      .all() as BlockEntry[];
    for (const row of rows) catalog.add(row);
    return catalog;
  }

  get size(): number {
    return this.#blocks.size;
  }

  get records(): number {
    return this.#records;
  }

  /** Free for the next block; ids rise and are never reused while the process lives. */
  get nextId(): number {
    return this.#nextId;
  }

  add(block: BlockEntry): void {
    this.#blocks.set(block.id, block);
    if (!isFinished(block)) this.#unfinished.set(block.id, block);
    this.#records += block.records;
    this.#nextId = Math.max(this.#nextId, block.id + 1);
  }

  remove(id: number): void {
    const block = this.#blocks.get(id);
    if (block === undefined) return;
    this.#blocks.delete(id);
    this.#unfinished.delete(id);
    this.#records -= block.records;
  }

  has(id: number): boolean {
    return this.#blocks.has(id);
  }

  unfinished(): IterableIterator<BlockEntry> {
    return this.#unfinished.values();
  }

  /** In the order in which they were made. */
  all(): IterableIterator<BlockEntry> {
    return this.#blocks.values();
  }
}
