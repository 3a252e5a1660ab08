// A read-only connection's view of the blocks. Each call is one short read transaction, so that no reader keeps the log
// from being copied back.

import type { Database, Statement } from "bun:sqlite";
import { BlockDamagedError } from "../block/decode.ts";
import type { BlockPiece } from "../block/encode.ts";
import { HEADER_COLUMNS, headerChecksum } from "./block_table.ts";
import { isCorruption, openForReading } from "./database.ts";
import { PIECES_MAX } from "./schema.ts";

/** A block's header fields that readers choose by. Times in Unix ms. */
export interface BlockInfo {
  readonly id: number;
  readonly project: string;
  readonly records: number;
  /** Inflated. */
  readonly rawBytes: number;
  readonly idMin: number;
  readonly idMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
}

/** A block with all its pieces. */
export interface LoadedBlock extends BlockInfo {
  readonly pieces: readonly BlockPiece[];
}

const INFO =
  "blocks.id AS id, projects.name AS project, records, raw_bytes AS rawBytes, " +
  "id_min AS idMin, id_max AS idMax, time_min AS timeMin, time_max AS timeMax";

export class BlockReader {
  readonly #database: Database;
  readonly #block: Statement;
  readonly #pieces: Statement;
  readonly #overlapping: Statement;
  readonly #nextId: Statement;

  /** Throws OperatingError. */
  constructor(file: string) {
    this.#database = openForReading(file);
    const from = `SELECT ${INFO} FROM blocks JOIN projects ON projects.id = blocks.project`;
    this.#block = this.#database.prepare(`${from} WHERE blocks.id = ?`);
    this.#pieces = this.#database.prepare(
      "SELECT name, checksum, data FROM pieces WHERE key >= ? AND key < ? ORDER BY key",
    );
    this.#overlapping = this.#database.prepare(`${from} WHERE id_max >= ? AND id_min < ? ORDER BY id_min`);
    this.#nextId = this.#database.prepare("SELECT value FROM meta WHERE name = 'next_record_id'");
  }

  close(): void {
    this.#database.close();
  }

  /** The id that the next record will get: all records below it are stored. */
  nextRecordId(): number {
    const row = this.#nextId.get() as { value: number } | null;
    return row === null ? 1 : row.value;
  }

  /** The names of all projects that ever stored anything. */
  projects(): string[] {
    const rows = this.#database.query("SELECT name FROM projects ORDER BY name").all() as { name: string }[];
    return rows.map((row) => row.name);
  }

  hasProject(name: string): boolean {
    return this.projects().includes(name);
  }

  /** The blocks of these ids that are still there, with their pieces. */
  blocks(ids: readonly number[]): LoadedBlock[] {
    return this.#snapshot(() => {
      const blocks: LoadedBlock[] = [];
      for (const id of ids) {
        const info = this.#block.get(id) as BlockInfo | null;
        if (info !== null) blocks.push({ ...info, pieces: this.#piecesOf(id) });
      }
      return blocks;
    });
  }

  /** The blocks that hold ids from `from` up to, not including, `to`, without their pieces. */
  overlapping(from: number, to: number): BlockInfo[] {
    return this.#overlapping.all(from, to) as BlockInfo[];
  }

  /** A block's pieces, or undefined when it is gone. Throws BlockDamagedError where the file itself is damaged. */
  pieces(block: number): BlockPiece[] | undefined {
    const pieces = this.#piecesOf(block);
    return pieces.length === 0 ? undefined : pieces;
  }

  /** Blocks whose header is not what was written: what it says of ids and times cannot be trusted. */
  damagedHeaders(): number[] {
    const rows = this.#database.query(`SELECT ${HEADER_COLUMNS}, checksum FROM blocks ORDER BY id`).values();
    return (rows as number[][])
      .filter((row) => headerChecksum(row.slice(0, -1)) !== row.at(-1))
      .map((row) => row[0] as number);
  }

  #piecesOf(block: number): BlockPiece[] {
    try {
      return this.#pieces.all(block * PIECES_MAX, (block + 1) * PIECES_MAX) as BlockPiece[];
    } catch (error) {
      if (isCorruption(error)) throw new BlockDamagedError(`its pages are damaged: ${error.message}`);
      throw error;
    }
  }

  #snapshot<T>(work: () => T): T {
    this.#database.run("BEGIN");
    try {
      return work();
    } finally {
      this.#database.run("COMMIT");
    }
  }
}
