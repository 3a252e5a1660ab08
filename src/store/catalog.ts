// The blocks of the data file in the memory of the thread that writes: which to merge, which to delete, how many there
// are.

import { BlockDamagedError } from "../block/codec/damage.ts";
import { openBlock } from "../block/open_block.ts";
import { BLOCK_RECORDS_MAX } from "../core/limits.ts";
import type { Database } from "../runtime/contract/database.ts";
import { loadChunks, ZoneMapCheck } from "./block_table.ts";
import { isCorruption } from "./database.ts";

/** No record has it. */
const NEWEST_ID = Number.MAX_SAFE_INTEGER;

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
        "SELECT id, project, day, records, id_min AS idMin, id_max AS idMax, time_max AS timeMax, bytes, raw_bytes AS rawBytes FROM blocks ORDER BY id",
      )
      .all() as BlockEntry[];
    const damaged = new ZoneMapCheck(database).damaged();
    for (const row of rows) {
      catalog.add(damaged.has(row.id) ? recovered(row, database) : row);
      // Merged by a zone map that is not its own, it would end in another project or day.
      if (damaged.has(row.id)) catalog.giveUp(row.id);
    }
    return catalog;
  }

  get size(): number {
    return this.#blocks.size;
  }

  /** Blocks that a merge will take once there are enough of them. */
  get unfinished(): number {
    let count = 0;
    for (const day of this.#unfinished.values()) count += day.size;
    return count;
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
   * The unfinished blocks of each project and day that has two or more, in the order in which they were made; none of
   * the project `except`.
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

  /** Compressed bytes of the records of this id and later ones, as if all records of a block were equally large. */
  bytesFrom(id: number): number {
    let bytes = 0;
    for (const { idMin, idMax, bytes: all } of this.#blocks.values()) {
      if (idMax < id) continue;
      bytes += Math.round((all * (idMax - Math.max(idMin, id) + 1)) / (idMax - idMin + 1));
    }
    return bytes;
  }

  /** In the order in which they were made. */
  all(): IterableIterator<BlockEntry> {
    return this.#blocks.values();
  }
}

/**
 * What can be known of a block whose zone map is damaged. How old it is, its records say: by a zone map that is wrong
 * about it, retention would remove it too early. Where they cannot be read either, it counts as new.
 */
function recovered(row: BlockEntry, database: Database): BlockEntry {
  const whole = (value: unknown) => (Number.isSafeInteger(value) ? (value as number) : 0);
  const sizes = { records: whole(row.records), bytes: whole(row.bytes), rawBytes: whole(row.rawBytes) };
  const entry = { id: row.id, project: whole(row.project), day: whole(row.day), ...sizes };
  try {
    const view = openBlock(loadChunks(database, row.id), row.records);
    const timeMax = view.time().reduce((latest, at) => Math.max(latest, at), 0);
    const ids = view.id();
    const idMin = ids.reduce((oldest, id) => Math.min(oldest, id), NEWEST_ID);
    return { ...entry, timeMax, idMin, idMax: ids.reduce((newest, id) => Math.max(newest, id), 0) };
  } catch (error) {
    if (!(error instanceof BlockDamagedError || isCorruption(error))) throw error;
    return { ...entry, timeMax: Date.now(), idMin: NEWEST_ID, idMax: 0 };
  }
}

function dayName(block: BlockEntry): string {
  return `${block.project}/${block.day}`;
}

/** Inflated bytes that a merge may hold: bounds the compactor's memory when records are large. */
export const MERGE_RAW_BYTES_MAX = 64 * 1024 * 1024;
/** A block of at least half the size of a full one is finished. */
const FINISHED_RECORDS_MIN = BLOCK_RECORDS_MAX / 2;
const FINISHED_RAW_BYTES_MIN = MERGE_RAW_BYTES_MAX / 2;

/** One row of `blocks`, as far as merging and removing need it. Times in Unix ms. */
export interface BlockEntry {
  readonly id: number;
  /** Row of `projects`. */
  readonly project: number;
  readonly day: number;
  readonly records: number;
  readonly timeMax: number;
  /**
   * The id of the oldest record: ids are given in the order of receipt, whatever a record or the machine's clock says
   * of time.
   */
  readonly idMin: number;
  /** The id of the newest record; 0 where none can be read. */
  readonly idMax: number;
  /** Compressed. */
  readonly bytes: number;
  readonly rawBytes: number;
}

/** Whether a block is left alone for good. */
export function isFinished(block: Pick<BlockEntry, "records" | "rawBytes">): boolean {
  return block.records >= FINISHED_RECORDS_MIN || block.rawBytes >= FINISHED_RAW_BYTES_MIN;
}
