// Checks a whole data file, beside a running server or alone: is it what was written, and does it agree with itself? It
// changes nothing. In: a file. Out: findings for people, each with what to do about it.
//
// Checked: SQLite's pages; of every block the zone map, each chunk's checksum, all columns, counts and ranges, the day,
// the statistics and the n-gram filters; that no record id is there twice; that every chunk belongs to a block; that
// the counters' sum is complete; that saved views open something. Each block is read in a short transaction. A block that is merged meanwhile is
// skipped, and the merged block is checked instead. Memory: one inflated block, as values and as bytes, and a bit for
// each id of blocks that overlap. Measured on one core: 500,000 records a second or more.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import { assert } from "../../core/errors.ts";
import type { Database } from "../../runtime/contract/database.ts";
import { areNamesIntact, isZoneMapIntact, loadChunks, ZONE_MAP_COLUMNS } from "../block_table.ts";
import { isCorruption, openForReading, type ReadAccess } from "../database.ts";
import { COLUMN, verifyBlock, type ZoneMapValues } from "./block.ts";
import { checkChunks, checkCounters, checkNextId, checkPages, checkViews, type Finding } from "./tables.ts";

/** How far it is: blocks. */
export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
}

export interface VerifyReport {
  /** Empty when all is well. */
  readonly findings: readonly Finding[];
  /** What was looked at. `bytes` are compressed. */
  readonly blocks: number;
  readonly records: number;
  readonly bytes: number;
}

/** Findings of one kind that are listed; of more, how many there are. */
const LISTED_MAX = 20;

/** Looks at the file, a step for each block. Throws OperatingError where it cannot be opened. */
export function* verifyData(file: string, access: ReadAccess = "shared"): Generator<VerifyProgress, VerifyReport> {
  const database = openForReading(file, access);
  try {
    const verifier = new BlockVerifier(database);
    yield { done: 0, total: 1 };
    const findings = [...checkPages(database)];
    // The second time what was merged or came meanwhile.
    for (const isFirst of [true, false]) yield* verifier.look(isFirst);
    findings.push(
      ...verifier.findings(),
      ...checkChunks(database),
      ...checkNextId(database),
      ...checkCounters(database),
      ...checkViews(database),
    );
    return { findings, blocks: verifier.blocks, records: verifier.records, bytes: verifier.bytes };
  } finally {
    database.close();
  }
}

class BlockVerifier {
  readonly #database: Database;
  readonly #findings: Finding[] = [];
  readonly #seen = new Set<number>();
  #twice = 0;
  #damaged = 0;
  blocks = 0;
  records = 0;
  bytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Looks at the blocks that were not looked at yet; ids are compared among those of one look. */
  *look(comparesIds: boolean): Generator<VerifyProgress, void> {
    const blocks = this.#list().filter(({ id }) => !this.#seen.has(id));
    const ids = comparesIds ? new IdSet() : undefined;
    for (const [index, { id, idMin }] of blocks.entries()) {
      this.#seen.add(id);
      ids?.forgetBelow(idMin);
      this.#verify(id, ids);
      yield { done: index + 1, total: blocks.length };
    }
  }

  #list(): { readonly id: number; readonly idMin: number }[] {
    try {
      const sql = "SELECT id, id_min AS idMin FROM blocks ORDER BY id_min, id";
      return this.#database.query(sql).all() as { id: number; idMin: number }[];
    } catch (error) {
      if (!isCorruption(error)) throw error;
      this.#found(`the list of blocks cannot be read: ${error.message}`, RESTORE);
      return [];
    }
  }

  findings(): Finding[] {
    const findings = this.#findings.slice(0, LISTED_MAX);
    if (this.#damaged > LISTED_MAX)
      findings.push(problem(`${this.#damaged - LISTED_MAX} more faults in blocks`, RESTORE));
    if (this.#twice > 0) findings.push(problem(`${this.#twice} record ids are there twice`, REPORT));
    return findings;
  }

  #verify(id: number, ids: IdSet | undefined): void {
    try {
      const block = this.#load(id);
      if (block === undefined) return;
      const { zoneMap, checksum, project, chunks } = block;
      const names = chunks.map(({ name }) => name);
      if (!isZoneMapIntact(zoneMap, checksum))
        this.#found(`block ${id}: its zone map is damaged`, adviceFor(zoneMap, project));
      else if (!areNamesIntact(names, Number(checksum)))
        this.#found(`block ${id}: the names of its columns are damaged`, adviceFor(zoneMap, project));
      const { wrong, columns } = verifyBlock(zoneMap, chunks);
      for (const what of wrong) this.#found(`block ${id}: ${what}`, adviceFor(zoneMap, project));
      this.blocks++;
      this.records += columns.count;
      this.bytes += zoneMap[COLUMN.bytes] as number;
      if (ids !== undefined) this.#compare(columns.id, zoneMap[COLUMN.idMin] as number, ids);
    } catch (error) {
      if (!(error instanceof BlockDamagedError) && !isCorruption(error)) throw error;
      this.#found(`block ${id}: ${error.message}`, this.#adviceOf(id));
    }
  }

  /** A zone map that is wrong about its least id may lead back to those that were forgotten: they are left out. */
  #compare(recordIds: ArrayLike<number>, idMin: number, ids: IdSet): void {
    for (let row = 0; row < recordIds.length; row++) {
      const id = recordIds[row] as number;
      if (id >= idMin && !ids.add(id)) this.#twice++;
    }
  }

  /** Its zone map and chunks, of one moment; undefined when it is gone. */
  #load(id: number) {
    this.#database.run("BEGIN");
    try {
      const sql = `SELECT ${ZONE_MAP_COLUMNS}, checksum FROM blocks WHERE id = ?`;
      const [values] = this.#database.query(sql).values(id) as number[][];
      if (values === undefined) return undefined;
      const chunks = loadChunks(this.#database, id);
      const zoneMap = values.slice(0, -1);
      return { zoneMap, checksum: values.at(-1), chunks, project: this.#projectOf(zoneMap) };
    } finally {
      this.#database.run("COMMIT");
    }
  }

  #projectOf(zoneMap: ZoneMapValues): string | undefined {
    const sql = "SELECT name FROM projects WHERE id = ?";
    return (this.#database.query(sql).get(zoneMap[COLUMN.project] as number) as { name: string } | null)?.name;
  }

  /** Of a block whose chunks cannot be read. */
  #adviceOf(id: number): string {
    const sql = `SELECT ${ZONE_MAP_COLUMNS} FROM blocks WHERE id = ?`;
    try {
      const [zoneMap] = this.#database.query(sql).values(id) as number[][];
      return zoneMap === undefined ? RESTORE : adviceFor(zoneMap, this.#projectOf(zoneMap));
    } catch (error) {
      if (!isCorruption(error)) throw error;
      return RESTORE;
    }
  }

  #found(what: string, advice: string): void {
    this.#damaged++;
    if (this.#findings.length < LISTED_MAX) this.#findings.push(problem(what, advice));
  }
}

const RESTORE = "restore a backup; what the file holds beside it can be saved with `simplelogs export` before";
const REPORT = "please report it as a fault of the program; a backup of before has what was stored";

function problem(what: string, advice: string): Finding {
  return { severity: "problem", what, advice };
}

/** What a damaged block held, and what can be done. */
function adviceFor(zoneMap: ZoneMapValues, project: string | undefined): string {
  const [from, to] = [zoneMap[COLUMN.timeMin], zoneMap[COLUMN.timeMax]].map((time) => dateOf(time as number));
  const records = zoneMap[COLUMN.records] as number;
  return `it held ${records} records of project ${JSON.stringify(project ?? "?")} from ${from} to ${to}: answers leave them out, retention removes it in time; ${RESTORE}`;
}

function dateOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

/** Ids of one range: 8 KiB of bits. */
const RANGE_IDS = 65_536;

export class IdSet {
  readonly #ranges = new Map<number, Uint8Array>();
  #from = 0;

  /** Adds an id, not below what was forgotten; false when it was there. */
  add(id: number): boolean {
    const index = Math.floor(id / RANGE_IDS);
    assert(index >= this.#from, "an id that was forgotten is not asked for");
    let bits = this.#ranges.get(index);
    if (bits === undefined) {
      bits = new Uint8Array(RANGE_IDS / 8);
      this.#ranges.set(index, bits);
    }
    const place = id % RANGE_IDS;
    const byte = bits[place >>> 3] as number;
    const bit = 1 << (place & 7);
    bits[place >>> 3] = byte | bit;
    return (byte & bit) === 0;
  }

  /** No id below this one is asked for any more. */
  forgetBelow(id: number): void {
    this.#from = Math.max(this.#from, Math.floor(id / RANGE_IDS));
    for (const index of this.#ranges.keys()) if (index < this.#from) this.#ranges.delete(index);
  }
}
