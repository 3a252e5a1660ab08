// Blocks as rows: one of `blocks` and one a piece of `pieces`.

import { crc32 } from "node:zlib";
import type { ColumnChunk, EncodedBlock } from "../block/codec/column_chunks.ts";
import type { ZoneMap } from "../block/stats/zone_map.ts";
import { assert } from "../core/errors.ts";
import type { Database, Statement } from "../runtime/driver.ts";
import { PIECES_MAX } from "./schema.ts";

/** A block to be stored. */
export interface BlockRow {
  readonly id: number;
  readonly project: number;
  readonly day: number;
  readonly zoneMap: ZoneMap;
  readonly encoded: EncodedBlock;
}

/** Sizes of a block that was stored, in bytes. */
export interface BlockSizes {
  readonly bytes: number;
  readonly rawBytes: number;
}

/** The columns of a header, in the order in which its checksum takes them. */
export const HEADER_COLUMNS =
  "id, project, day, records, id_min, id_max, time_min, time_max, received_min, received_max, " +
  "debug, info, warn, error, completed, started, unfinished, orphaned, bytes, raw_bytes";

/** `blocks.checksum` holds two numbers, the names' times this: blocks of format 2 and before have only the header's. */
const NAMES_SCALE = 2 ** 32;
/** So that both fit a double, and the names' is never 0. */
const NAMES_BITS = 0x1fffff;

/** What `blocks.checksum` is: of a header row's values, in the order of the columns, and of its pieces' names in theirs. */
export function blockChecksum(values: readonly number[], names: readonly string[]): number {
  return headerChecksum(values) + NAMES_SCALE * namesChecksum(names);
}

/** Whether a header row's values are what was written. */
export function isHeaderSound(values: readonly number[], checksum: unknown): boolean {
  return typeof checksum === "number" && checksum % NAMES_SCALE === headerChecksum(values);
}

/** Whether these are the names of the pieces that were written: one that changed would be taken for another field, or for none. */
export function areNamesSound(names: readonly string[], checksum: number): boolean {
  const written = Math.floor(checksum / NAMES_SCALE);
  return written === 0 || written === namesChecksum(names);
}

function headerChecksum(values: readonly number[]): number {
  return crc32(values.join(","));
}

function namesChecksum(names: readonly string[]): number {
  return (crc32(names.join("\0")) & NAMES_BITS) | 1;
}

export class BlockTable {
  readonly #insertBlock: Statement;
  readonly #insertPiece: Statement;
  readonly #deleteBlock: Statement;
  readonly #deletePieces: Statement;
  readonly #selectPieces: Statement;

  constructor(database: Database) {
    const marks = new Array(21).fill("?").join(", ");
    this.#insertBlock = database.prepare(`INSERT INTO blocks (${HEADER_COLUMNS}, checksum) VALUES (${marks})`);
    this.#insertPiece = database.prepare("INSERT INTO pieces (key, name, checksum, data) VALUES (?, ?, ?, ?)");
    this.#deleteBlock = database.prepare("DELETE FROM blocks WHERE id = ?");
    this.#deletePieces = database.prepare("DELETE FROM pieces WHERE key >= ? AND key < ?");
    this.#selectPieces = database.prepare(
      "SELECT name, checksum, data FROM pieces WHERE key >= ? AND key < ? ORDER BY key",
    );
  }

  insert(block: BlockRow): BlockSizes {
    const { zoneMap, encoded } = block;
    assert(encoded.chunks.length <= PIECES_MAX, "a block has fewer pieces than keys");
    let bytes = 0;
    encoded.chunks.forEach((piece, ordinal) => {
      bytes += piece.data.length;
      this.#insertPiece.run(block.id * PIECES_MAX + ordinal, piece.name, piece.checksum, piece.data);
    });
    const values = [
      block.id,
      block.project,
      block.day,
      zoneMap.records,
      zoneMap.idMin,
      zoneMap.idMax,
      zoneMap.timeMin,
      zoneMap.timeMax,
      zoneMap.receivedMin,
      zoneMap.receivedMax,
      ...zoneMap.levels,
      ...zoneMap.statuses,
      bytes,
      encoded.rawBytes,
    ];
    const names = encoded.chunks.map(({ name }) => name);
    this.#insertBlock.run(...values, blockChecksum(values, names));
    return { bytes, rawBytes: encoded.rawBytes };
  }

  remove(id: number): void {
    this.#deleteBlock.run(id);
    this.#deletePieces.run(id * PIECES_MAX, (id + 1) * PIECES_MAX);
  }

  pieces(id: number): ColumnChunk[] {
    return this.#selectPieces.all(id * PIECES_MAX, (id + 1) * PIECES_MAX) as ColumnChunk[];
  }
}
