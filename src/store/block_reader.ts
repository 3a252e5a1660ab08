// A read-only connection's view of the blocks. Each call is one short read transaction, so that no reader keeps the log
// from being copied back; between `begin` and `end` all calls share one, and see the same state of the file.

import { Database, type Statement } from "bun:sqlite";
import { BlockDamagedError, BlockGoneError } from "../block/damage.ts";
import type { BlockPiece } from "../block/encode.ts";
import type { BlockHeader } from "../block/header.ts";
import type { PieceSource } from "../block/open_block.ts";
import { isFinished } from "./block_entry.ts";
import { HEADER_COLUMNS, headerChecksum } from "./block_table.ts";
import { isCorruption, openForReading } from "./database.ts";
import { PIECES_MAX } from "./schema.ts";

/** A block, without its pieces. */
export interface BlockInfo extends BlockHeader {
  readonly id: number;
  readonly project: string;
  /** UTC day of its records' times, counted from 1970. */
  readonly day: number;
  /** Compressed. */
  readonly bytes: number;
  /** Inflated. */
  readonly rawBytes: number;
  /** No merge takes it any more. */
  readonly isFinished: boolean;
}

/** A block with all its pieces. */
export interface LoadedBlock extends BlockInfo {
  readonly pieces: readonly BlockPiece[];
}

/** Blocks that may hold a record of a project (undefined: any) whose time is from `from` up to, not including, `to`. */
export interface BlockFilter {
  readonly project: string | undefined;
  readonly from: number;
  readonly to: number;
}

const INFO = `SELECT blocks.id AS id, projects.name AS project, day, records, bytes, raw_bytes AS rawBytes,
  id_min AS idMin, id_max AS idMax, time_min AS timeMin, time_max AS timeMax,
  received_min AS receivedMin, received_max AS receivedMax,
  debug, info, warn, error, completed, started, unfinished, orphaned
  FROM blocks JOIN projects ON projects.id = blocks.project`;

type CountName = "debug" | "info" | "warn" | "error" | "completed" | "started" | "unfinished" | "orphaned";
type InfoRow = Omit<BlockInfo, "levels" | "statuses" | "isFinished"> & Readonly<Record<CountName, number>>;

function infoOf(row: InfoRow): BlockInfo {
  const { debug, info, warn, error, completed, started, unfinished, orphaned, ...header } = row;
  return {
    ...header,
    levels: [debug, info, warn, error],
    statuses: [completed, started, unfinished, orphaned],
    isFinished: isFinished(header),
  };
}

export class BlockReader {
  readonly #database: Database;
  readonly #block: Statement;
  readonly #pieces: Statement;
  readonly #pieceNames: Statement;
  readonly #piece: Statement;
  readonly #overlapping: Statement;
  readonly #filtered: Statement;
  readonly #nextId: Statement;

  /** Takes a file, or a connection that others use too. Throws OperatingError. */
  constructor(from: string | Database) {
    this.#database = from instanceof Database ? from : openForReading(from);
    // Statements of the connection's own, which end with it: one that only was prepared keeps the file open until it is collected.
    this.#block = this.#database.query(`${INFO} WHERE blocks.id = ?`);
    const keys = "FROM pieces WHERE key >= ? AND key < ? ORDER BY key";
    this.#pieces = this.#database.query(`SELECT name, checksum, data ${keys}`);
    this.#pieceNames = this.#database.query(`SELECT key, name ${keys}`);
    this.#piece = this.#database.query("SELECT name, checksum, data FROM pieces WHERE key = ? AND name = ?");
    this.#overlapping = this.#database.query(`${INFO} WHERE id_max >= ? AND id_min < ? ORDER BY id_min`);
    this.#filtered = this.#database.query(
      `${INFO} WHERE (?1 IS NULL OR projects.name = ?1) AND time_max >= ?2 AND time_min < ?3 ORDER BY blocks.id`,
    );
    this.#nextId = this.#database.query("SELECT value FROM meta WHERE name = 'next_record_id'");
  }

  close(): void {
    this.#database.close();
  }

  /** From now on every call sees one state of the file, until `end`. Short: the log grows meanwhile. */
  begin(): void {
    this.#database.run("BEGIN");
  }

  end(): void {
    // SQLite itself ends a transaction in which reading failed.
    if (this.#database.inTransaction) this.#database.run("COMMIT");
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

  /** The blocks that the filter lets through, without their pieces. */
  list({ project, from, to }: BlockFilter): BlockInfo[] {
    return (this.#filtered.all(project ?? null, from, to) as InfoRow[]).map(infoOf);
  }

  /** The blocks that hold ids from `from` up to, not including, `to`, without their pieces, by their first id. */
  listIds(from: number, to: number): BlockInfo[] {
    return (this.#overlapping.all(from, to) as InfoRow[]).map(infoOf);
  }

  /** The blocks of these ids that are still there, with their pieces. */
  blocks(ids: readonly number[]): LoadedBlock[] {
    return this.#snapshot(() => {
      const blocks: LoadedBlock[] = [];
      for (const id of ids) {
        const row = this.#block.get(id) as InfoRow | null;
        if (row !== null) blocks.push({ ...infoOf(row), pieces: this.#piecesOf(id) });
      }
      return blocks;
    });
  }

  /** The same as `listIds`, as exports call it. */
  overlapping(from: number, to: number): BlockInfo[] {
    return this.listIds(from, to);
  }

  /** A block's pieces, or undefined when it is gone. Throws BlockDamagedError where the file itself is damaged. */
  pieces(block: number): BlockPiece[] | undefined {
    const pieces = this.#piecesOf(block);
    return pieces.length === 0 ? undefined : pieces;
  }

  /**
   * A block's pieces, each read when it is asked for; undefined when the block is gone. Reading throws BlockDamagedError where
   * the file itself is damaged and, outside of `begin` and `end`, BlockGoneError when the block has gone meanwhile.
   */
  open(block: number): PieceSource | undefined {
    const range = [block * PIECES_MAX, (block + 1) * PIECES_MAX] as const;
    const rows = orDamagedPages(() => this.#pieceNames.all(...range)) as { key: number; name: string }[];
    if (rows.length === 0) return undefined;
    const keys = new Map(rows.map(({ key, name }) => [name, key]));
    return {
      names: () => [...keys.keys()],
      piece: (name) => {
        const key = keys.get(name);
        if (key === undefined) return undefined;
        const piece = orDamagedPages(() => this.#piece.get(key, name)) as BlockPiece | null;
        if (piece === null) throw new BlockGoneError(`block ${block} is gone`);
        return piece;
      },
    };
  }

  /** Blocks whose header is not what was written: what it says of ids and times cannot be trusted. */
  damagedHeaders(): number[] {
    const rows = this.#database.query(`SELECT ${HEADER_COLUMNS}, checksum FROM blocks ORDER BY id`).values();
    return (rows as number[][])
      .filter((row) => headerChecksum(row.slice(0, -1)) !== row.at(-1))
      .map((row) => row[0] as number);
  }

  #piecesOf(block: number): BlockPiece[] {
    return orDamagedPages(() => this.#pieces.all(block * PIECES_MAX, (block + 1) * PIECES_MAX)) as BlockPiece[];
  }

  #snapshot<T>(work: () => T): T {
    if (this.#database.inTransaction) return work();
    this.begin();
    try {
      return work();
    } finally {
      this.end();
    }
  }
}

function orDamagedPages<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isCorruption(error)) throw new BlockDamagedError(`its pages are damaged: ${error.message}`);
    throw error;
  }
}
