// Blocks as rows: one of `blocks` and one a piece of `pieces`.

import type { Database, Statement } from "bun:sqlite";
import { crc32 } from "node:zlib";
import type { BlockPiece, EncodedBlock } from "../block/encode.ts";
import type { BlockHeader } from "../block/header.ts";
import { assert } from "../core/errors.ts";
import { PIECES_MAX } from "./schema.ts";

/** A block to be stored. */
export interface BlockRow {
  readonly id: number;
  readonly project: number;
  readonly day: number;
  readonly header: BlockHeader;
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

/** CRC-32 over a header row's values, in the order of the columns: what `blocks.checksum` holds. */
export function headerChecksum(values: readonly number[]): number {
  return crc32(values.join(","));
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
    const { header, encoded } = block;
    assert(encoded.pieces.length <= PIECES_MAX, "a block has fewer pieces than keys");
    let bytes = 0;
    encoded.pieces.forEach((piece, ordinal) => {
      bytes += piece.data.length;
      this.#insertPiece.run(block.id * PIECES_MAX + ordinal, piece.name, piece.checksum, piece.data);
    });
    const values = [
      block.id,
      block.project,
      block.day,
      header.records,
      header.idMin,
      header.idMax,
      header.timeMin,
      header.timeMax,
      header.receivedMin,
      header.receivedMax,
      ...header.levels,
      ...header.statuses,
      bytes,
      encoded.rawBytes,
    ];
    this.#insertBlock.run(...values, headerChecksum(values));
    return { bytes, rawBytes: encoded.rawBytes };
  }

  remove(id: number): void {
    this.#deleteBlock.run(id);
    this.#deletePieces.run(id * PIECES_MAX, (id + 1) * PIECES_MAX);
  }

  pieces(id: number): BlockPiece[] {
    return this.#selectPieces.all(id * PIECES_MAX, (id + 1) * PIECES_MAX) as BlockPiece[];
  }
}
