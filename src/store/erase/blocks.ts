// Deletes records from blocks. A block that loses some of its records is written again without them, packed or merged
// as it was. In: the blocks of one project, one after the other. Out: how much was deleted. A damaged block cannot be
// searched: it is deleted where its zone map says that all of it belongs to the scope; otherwise it stays and is
// counted.

import { PACKED_CHUNK } from "../../block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../block/codec/damage.ts";
import { selectRows } from "../../block/columns.ts";
import { BlockEncoder } from "../../block/encode.ts";
import { BlockMerger, type MergedBlock } from "../../block/merge/merge_blocks.ts";
import { decodeColumns, openBlock } from "../../block/open_block.ts";
import { zoneMapOf } from "../../block/stats/zone_map.ts";
import type { EraseReport } from "../../core/account_responses.ts";
import type { Database } from "../../runtime/contract/database.ts";
import { loadChunks } from "../block_table.ts";
import { isCorruption } from "../database.ts";
import type { StoreWriter } from "../store_writer.ts";
import { type EraseProgress, type EraseScope, isInTimes, progress, rowsToErase, securely } from "./scope.ts";

type BlocksErased = Pick<EraseReport, "records" | "blocks" | "damagedBlocks">;

interface BlockRow {
  readonly id: number;
  readonly day: number;
  readonly records: number;
  readonly timeMin: number;
  readonly timeMax: number;
}

/** 1 for each row to delete; or all rows match; or the block cannot be read. */
type Selection = Uint8Array | "all" | "damaged";

/** Erases from the blocks that are there, and from those that come meanwhile. */
export function* eraseBlocks(
  store: StoreWriter,
  project: number,
  scope: EraseScope,
): Generator<EraseProgress, BlocksErased> {
  const { database } = store;
  const counts = new BlockCounts();
  const rewritten = new Set<number>();
  let from = 0;
  // Those that are there, then those that came meanwhile.
  for (let pass = 1; pass <= 2; pass++) {
    const to = store.catalog.nextId;
    const blocks = blocksOf(database, project, scope, from, to);
    for (const [index, block] of blocks.entries()) {
      if (store.catalog.has(block.id) && !rewritten.has(block.id)) {
        const selection = selectErased(database, block, scope);
        const at = progress("blocks", index, blocks.length);
        yield at;
        const outcome = yield* eraseRows(store, project, block, selection, at);
        if (typeof outcome === "number") rewritten.add(outcome);
        if (outcome !== "gone") counts.add(outcome === "damaged" ? outcome : selection, block.records);
      }
      yield progress("blocks", index + 1, blocks.length);
    }
    from = to;
  }
  return counts.report();
}

/** Counts what `eraseBlocks` would remove. */
export function* countBlocks(
  database: Database,
  project: number,
  scope: EraseScope,
): Generator<EraseProgress, BlocksErased> {
  const counts = new BlockCounts();
  const blocks = blocksOf(database, project, scope, 0, Number.MAX_SAFE_INTEGER);
  for (const [index, block] of blocks.entries()) {
    counts.add(selectErased(database, block, scope), block.records);
    yield progress("blocks", index + 1, blocks.length);
  }
  return counts.report();
}

/** Those that may hold a record of the scope's times, with ids from `from` up to, not including, `to`. */
function blocksOf(database: Database, project: number, scope: EraseScope, from: number, to: number): BlockRow[] {
  const sql =
    "SELECT id, day, records, time_min AS timeMin, time_max AS timeMax FROM blocks " +
    "WHERE project = ? AND id >= ? AND id < ? AND time_max >= ? AND time_min < ? ORDER BY id";
  const times = [scope.from ?? Number.NEGATIVE_INFINITY, scope.to ?? Number.POSITIVE_INFINITY];
  return database.query(sql).all(project, from, to, ...times) as BlockRow[];
}

function selectErased(database: Database, block: BlockRow, scope: EraseScope): Selection {
  const isInside = isInTimes(scope, block.timeMin) && isInTimes(scope, block.timeMax);
  if (isInside && scope.matchRows === undefined) return "all";
  try {
    const rows = rowsToErase(scope, openBlock(loadChunks(database, block.id), block.records, scope.idOffset));
    return rows === undefined || sumOf(rows) === block.records ? "all" : rows;
  } catch (error) {
    if (isDamage(error)) return "damaged";
    throw error;
  }
}

/**
 * What became of a block: the number of the one that has its other records; "erased": nothing is left, or nothing was
 * erased; "gone": it was merged or expired meanwhile, and what it had is counted where it is now.
 */
type Outcome = number | "erased" | "gone" | "damaged";

/** As `rewrite`; or that the block is damaged in a column that the search did not need, and stays. */
function* eraseRows(
  store: StoreWriter,
  project: number,
  block: BlockRow,
  selection: Selection,
  at: EraseProgress,
): Generator<EraseProgress, Outcome> {
  try {
    return yield* rewrite(store, project, block, selection, at);
  } catch (error) {
    if (isDamage(error)) return "damaged";
    throw error;
  }
}

/** Writes the block again without the rows that go. */
function* rewrite(
  store: StoreWriter,
  project: number,
  block: BlockRow,
  selection: Selection,
  at: EraseProgress,
): Generator<EraseProgress, Outcome> {
  if (!store.catalog.has(block.id)) return "gone";
  if (selection === "damaged") return "damaged";
  if (selection === "all") {
    securely(store.database, () => store.removeBlocks([block.id]));
    return "erased";
  }
  if (sumOf(selection) === 0) return "erased";
  const chunks = loadChunks(store.database, block.id);
  const isKept = selection.map((isErased) => 1 - isErased);
  const columns = decodeColumns(chunks, block.records);
  yield at;
  const kept = selectRows(columns, isKept);
  yield at;
  const small = { zoneMap: zoneMapOf(kept), encoded: new BlockEncoder().packed(kept) };
  yield at;
  const isPacked = chunks[0]?.name === PACKED_CHUNK;
  const left = isPacked ? small : yield* saying(at, merged(small));
  yield at;
  const id = store.catalog.nextId;
  const plan = { project, day: block.day, blocks: [block.id] };
  return securely(store.database, () => store.replaceMerged({ plan, ...left })) ? id : "gone";
}

function* merged({ zoneMap, encoded }: MergedBlock): Generator<void, MergedBlock> {
  const merger = new BlockMerger();
  merger.add(encoded.chunks, zoneMap.records);
  yield;
  return yield* merger.columnarSteps();
}

/** Goes through steps that do not say how far they are. */
function* saying<T>(at: EraseProgress, steps: Generator<void, T>): Generator<EraseProgress, T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    yield at;
  }
}

function sumOf(rows: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < rows.length; row++) sum += rows[row] as number;
  return sum;
}

class BlockCounts {
  #records = 0;
  #blocks = 0;
  #damaged = 0;

  add(selection: Selection, records: number): void {
    if (selection === "damaged") {
      this.#damaged++;
      return;
    }
    const count = selection === "all" ? records : sumOf(selection);
    this.#records += count;
    if (count > 0) this.#blocks++;
  }

  report(): BlocksErased {
    const counts = { records: this.#records, blocks: this.#blocks };
    return this.#damaged === 0 ? counts : { ...counts, damagedBlocks: this.#damaged };
  }
}

export function isDamage(error: unknown): boolean {
  return error instanceof BlockDamagedError || isCorruption(error);
}
