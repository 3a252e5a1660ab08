// A read-only connection's view of the blocks. Each call is one short read transaction, so that no reader keeps the log
// from being copied back; between `begin` and `end` all calls share one, and see the same state of the file.

import type { ChunkSource, ColumnChunk } from "../block/codec/column_chunks.ts";
import { BlockDamagedError, BlockGoneError } from "../block/codec/damage.ts";
import type { ZoneMap } from "../block/stats/zone_map.ts";
import { TIME_MS_MAX } from "../core/limits.ts";
import type { Database, Statement } from "../runtime/contract/database.ts";
import { CHUNK_COLUMNS, checkComplete, checkWritten, columnChunk, type Written, ZoneMapCheck } from "./block_table.ts";
import { isFinished } from "./catalog.ts";
import { isCorruption, openForReading } from "./database.ts";
import { CHUNKS_MAX } from "./schema.ts";

/** A block, without its chunks. */
export interface BlockInfo extends ZoneMap {
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

/** A block with all its chunks. */
export interface LoadedBlock extends BlockInfo {
  readonly chunks: readonly ColumnChunk[];
}

/** What a merge needs of a block. */
export type BlockContent = Pick<LoadedBlock, "records" | "chunks">;

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
  const { debug, info, warn, error, completed, started, unfinished, orphaned, ...zoneMap } = row;
  return {
    ...zoneMap,
    levels: [debug, info, warn, error],
    statuses: [completed, started, unfinished, orphaned],
    isFinished: isFinished(zoneMap),
  };
}

/** A block with a damaged zone map. Its ranges are the widest, so every query includes it. */
function unknownBlock(id: number, project: string): BlockInfo {
  return {
    id,
    project,
    day: 0,
    records: 0,
    bytes: 0,
    rawBytes: 0,
    idMin: 1,
    idMax: Number.MAX_SAFE_INTEGER,
    timeMin: 0,
    timeMax: TIME_MS_MAX,
    receivedMin: 0,
    receivedMax: TIME_MS_MAX,
    levels: [1, 1, 1, 1],
    statuses: [1, 1, 1, 1],
    isFinished: false,
  };
}

export class BlockReader {
  readonly #database: Database;
  readonly #block: Statement;
  readonly #chunks: Statement;
  readonly #keyedChunks: Statement;
  readonly #records: Statement;
  readonly #chunkNames: Statement;
  readonly #written: Statement;
  readonly #chunk: Statement;
  readonly #overlapping: Statement;
  readonly #filtered: Statement;
  readonly #nextId: Statement;
  readonly #zoneMaps: ZoneMapCheck;

  /** Takes a file, or a connection that others use too. Throws OperatingError. */
  constructor(from: string | Database) {
    this.#database = typeof from === "string" ? openForReading(from) : from;
    // Statements of the connection's own, which end with it: one that only was prepared keeps the file open until it is
    // collected.
    this.#block = this.#database.query(`${INFO} WHERE blocks.id = ?`);
    const keys = "FROM pieces WHERE key >= ? AND key < ? ORDER BY key";
    this.#chunks = this.#database.query(`SELECT ${CHUNK_COLUMNS} ${keys}`);
    this.#keyedChunks = this.#database.query(`SELECT key, ${CHUNK_COLUMNS} ${keys}`);
    this.#records = this.#database.query("SELECT id, records, bytes, checksum FROM blocks WHERE id >= ? AND id <= ?");
    this.#chunkNames = this.#database.query(`SELECT key, name, length(data) AS bytes ${keys}`);
    this.#written = this.#database.query("SELECT bytes, checksum FROM blocks WHERE id = ?");
    this.#chunk = this.#database.query(`SELECT ${CHUNK_COLUMNS} FROM pieces WHERE key = ? AND name = ?`);
    this.#overlapping = this.#database.query(`${INFO} WHERE id_max >= ? AND id_min < ? ORDER BY id_min`);
    this.#filtered = this.#database.query(
      `${INFO} WHERE (?1 IS NULL OR projects.name = ?1) AND time_max >= ?2 AND time_min < ?3 ORDER BY blocks.id`,
    );
    // The second is less, unless the first is damaged; then it would hide records.
    this.#nextId = this.#database.query(
      "SELECT max(coalesce((SELECT value FROM meta WHERE name = 'next_record_id'), 1), " +
        "coalesce((SELECT max(id_max) + 1 FROM blocks), 1)) AS value",
    );
    this.#zoneMaps = new ZoneMapCheck(this.#database);
  }

  close(): void {
    this.#database.close();
  }

  /** From now on every call sees one state of the file, until `end`. Short: the log grows meanwhile. */
  begin(): void {
    this.#database.run("BEGIN");
  }

  end(): void {
    // SQLite itself ends a transaction in which reading failed, or has it fail once more.
    if (!this.#database.inTransaction) return;
    try {
      this.#database.run("COMMIT");
    } catch (error) {
      if (this.#database.inTransaction) throw error;
    }
  }

  /** The id that the next record will get: all records below it are stored. */
  nextRecordId(): number {
    return (this.#nextId.get() as { value: number }).value;
  }

  /** The names of all projects that ever stored anything. */
  projects(): string[] {
    const rows = this.#database.query("SELECT name FROM projects ORDER BY name").all() as { name: string }[];
    return rows.map((row) => row.name);
  }

  hasProject(name: string): boolean {
    return this.projects().includes(name);
  }

  /**
   * The blocks that the filter lets through, without their chunks; and all whose zone map is damaged, since nobody
   * knows what they hold: those have no records, every time, and cannot be opened.
   */
  list({ project, from, to }: BlockFilter): BlockInfo[] {
    return this.#snapshot(() => {
      const rows = this.#filtered.all(project ?? null, from, to) as InfoRow[];
      const damaged = this.#zoneMaps.damaged();
      if (damaged.size === 0) return rows.map(infoOf);
      const sound = rows.filter(({ id }) => !damaged.has(id)).map(infoOf);
      return sound.concat([...damaged].map((id) => unknownBlock(id, project ?? "")));
    });
  }

  /** The blocks that hold ids from `from` up to, not including, `to`, without their chunks, by their first id. */
  listIds(from: number, to: number): BlockInfo[] {
    return this.#snapshot(() => {
      const rows = this.#overlapping.all(from, to) as InfoRow[];
      const damaged = this.#zoneMaps.damaged();
      return rows.filter(({ id }) => !damaged.has(id)).map(infoOf);
    });
  }

  /** Blocks whose zone map is damaged: nobody knows what they hold. */
  damagedBlocks(): ReadonlySet<number> {
    return this.#snapshot(() => this.#zoneMaps.damaged());
  }

  /** The blocks of these ids that are still there, with their chunks. */
  blocks(ids: readonly number[]): LoadedBlock[] {
    return this.#snapshot(() => {
      const blocks: LoadedBlock[] = [];
      for (const id of ids) {
        const row = this.#block.get(id) as InfoRow | null;
        if (row !== null) blocks.push({ ...infoOf(row), chunks: this.#chunksOf(id) });
      }
      return blocks;
    });
  }

  /**
   * The blocks with ids from `first` to `last`, by their ids: many small ones at the cost of a few. Throws
   * BlockDamagedError.
   */
  contents(first: number, last: number): Map<number, BlockContent> {
    return this.#snapshot(() => {
      const rows = this.#records.all(first, last) as (Written & { readonly id: number; readonly records: number })[];
      const blocks = new Map(rows.map((row) => [row.id, { ...row, chunks: [] as ColumnChunk[] }]));
      for (const id of this.#zoneMaps.damaged()) if (blocks.has(id)) throw damagedZoneMap();
      const range = [first * CHUNKS_MAX, (last + 1) * CHUNKS_MAX] as const;
      const chunks = orDamagedPages(() => this.#keyedChunks.all(...range)) as { readonly key: number }[];
      for (const row of chunks) blocks.get(Math.floor(row.key / CHUNKS_MAX))?.chunks.push(columnChunk(row));
      for (const block of blocks.values()) checkComplete(block.chunks, block);
      return blocks;
    });
  }

  /**
   * The same as `listIds`, as exports call it, which take what they can from a block with a damaged zone map, too, and
   * say so.
   */
  overlapping(from: number, to: number): BlockInfo[] {
    return (this.#overlapping.all(from, to) as InfoRow[]).map(infoOf);
  }

  /** A block's chunks, or undefined when it is gone. Throws BlockDamagedError where the file itself is damaged. */
  chunks(block: number): ColumnChunk[] | undefined {
    return this.#snapshot(() => {
      const written = this.#writtenOf(block);
      if (written === undefined) return undefined;
      const chunks = this.#chunksOf(block);
      if (!this.#zoneMaps.isDamaged(block)) checkComplete(chunks, written);
      return chunks;
    });
  }

  /**
   * A block's chunks, each read when it is asked for; undefined when the block is gone. Reading throws
   * BlockDamagedError where the file itself is damaged and, outside of `begin` and `end`, BlockGoneError when the block
   * has gone meanwhile.
   */
  open(block: number): ChunkSource | undefined {
    if (this.#zoneMaps.isDamaged(block)) throw damagedZoneMap();
    if (this.#writtenOf(block) === undefined) return undefined;
    // The keys are read on first use: most queries need the chunks of a few blocks only, and each name costs a page.
    let found: ReadonlyMap<string, number> | undefined;
    const keys = () => (found ??= this.#snapshot(() => this.#keysOf(block)));
    return {
      names: () => [...keys().keys()],
      chunk: (name) => {
        const key = keys().get(name);
        if (key === undefined) return undefined;
        const row = orDamagedPages(() => this.#chunk.get(key, name));
        if (row !== null) return columnChunk(row);
        if (this.#writtenOf(block) === undefined) throw gone(block);
        throw new BlockDamagedError(`column "${name}" is damaged: it is not there`);
      },
    };
  }

  /** Blocks whose zone map is not what was written: what it says of ids and times cannot be trusted. */
  damagedZoneMaps(): number[] {
    return [...this.#zoneMaps.damaged()];
  }

  /** The keys of a block's chunks by name, read without their data. */
  #keysOf(block: number): ReadonlyMap<string, number> {
    const written = this.#writtenOf(block);
    if (written === undefined) throw gone(block);
    const range = [block * CHUNKS_MAX, (block + 1) * CHUNKS_MAX] as const;
    const rows = orDamagedPages(() => this.#chunkNames.all(...range)) as { key: number; name: string; bytes: number }[];
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    checkWritten(
      rows.map(({ name }) => name),
      bytes,
      written,
    );
    return new Map(rows.map(({ key, name }) => [name, key]));
  }

  #writtenOf(block: number): Written | undefined {
    return (this.#written.get(block) as Written | null) ?? undefined;
  }

  #chunksOf(block: number): ColumnChunk[] {
    return orDamagedPages(() => this.#chunks.all(block * CHUNKS_MAX, (block + 1) * CHUNKS_MAX)).map(columnChunk);
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

function gone(block: number): BlockGoneError {
  return new BlockGoneError(`block ${block} is gone`);
}

function damagedZoneMap(): BlockDamagedError {
  return new BlockDamagedError("its zone map is damaged");
}

function orDamagedPages<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isCorruption(error)) throw new BlockDamagedError(`its pages are damaged: ${error.message}`);
    throw error;
  }
}
