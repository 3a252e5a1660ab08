// What an erasure reads of a block, and whether what went wrong with it is damage.

import type { ColumnChunk } from "../../block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../block/codec/damage.ts";
import type { Database } from "../../runtime/driver.ts";
import { isCorruption } from "../database.ts";
import { PIECES_MAX } from "../schema.ts";

/** All of its pieces; none where it is gone. */
export function loadPieces(database: Database, block: number): ColumnChunk[] {
  const sql = "SELECT name, checksum, data FROM pieces WHERE key >= ? AND key < ? ORDER BY key";
  return database.query(sql).all(block * PIECES_MAX, (block + 1) * PIECES_MAX) as ColumnChunk[];
}

export function isDamage(error: unknown): boolean {
  return error instanceof BlockDamagedError || isCorruption(error);
}
