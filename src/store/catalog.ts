// The blocks of the data file, known in memory by the one thread that writes: what to merge, what to drop, what to show.

import type { Database } from "bun:sqlite";
import { type BlockEntry, isFinished } from "./block_entry.ts";

export class BlockCatalog {
  readonly #blocks = new Map<number, BlockEntry>();
  /** Those that a merge may still take, by project and day: most days have one, which planning need not look at. */
  readonly #unfinished = new Map<string, Map<number, BlockEntry>>();
  readonly #mergeable = new Map<string, Map<number, BlockEntry>>();
  #records = 0;
  #bytes = 0;
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

  /** Compressed, of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Free for the next block; ids rise and are never reused while the process lives. */
  get nextId(): number {
    return this.#nextId;
  }

  add(block: BlockEntry): void {
    this.#blocks.set(block.id, block);
    if (!isFinished(block)) this.#addUnfinished(block);
    this.#records += block.records;
    this.#bytes += block.bytes;
    this.#nextId = Math.max(this.#nextId, block.id + 1);
  }

  remove(id: number): void {
    const block = this.#blocks.get(id);
    if (block === undefined) return;
    this.giveUp(id);
    this.#blocks.delete(id);
    this.#records -= block.records;
    this.#bytes -= block.bytes;
  }

  has(id: number): boolean {
    return this.#blocks.has(id);
  }

  /** No merge takes the block any more: it is damaged. */
  giveUp(id: number): void {
    const block = this.#blocks.get(id);
    if (block === undefined) return;
    const name = dayName(block);
    const day = this.#unfinished.get(name);
    if (day?.delete(id) !== true) return;
    if (day.size < 2) this.#mergeable.delete(name);
    if (day.size === 0) this.#unfinished.delete(name);
  }

  /**
   * The unfinished blocks of each project and day that has two or more, in the order in which they were made; none of the
   * project `except`.
   */
  *mergeable(except?: number): Generator<readonly BlockEntry[]> {
    for (const day of this.#mergeable.values()) {
      const blocks = [...day.values()];
      if (blocks[0]?.project !== except) yield blocks;
    }
  }

  #addUnfinished(block: BlockEntry): void {
    const name = dayName(block);
    const day = this.#unfinished.get(name) ?? new Map<number, BlockEntry>();
    this.#unfinished.set(name, day.set(block.id, block));
    if (day.size >= 2) this.#mergeable.set(name, day);
  }

  /** In the order in which they were made. */
  all(): IterableIterator<BlockEntry> {
    return this.#blocks.values();
  }
}

function dayName(block: BlockEntry): string {
  return `${block.project}/${block.day}`;
}
