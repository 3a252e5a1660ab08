// Reads the tables beside blocks, over a connection that only reads. In: small tables. Out: rows, with the contract's
// words. Each call is one short transaction, or a part of the caller's. A DataReader reads blocks and tables over one
// connection of its own.

import { type OpenStart, parsePendingTiming } from "../commit/pending_timing.ts";
import { type RemovedRecords, readRemovedRecords } from "../commit/removed_records.ts";
import { readShippingState } from "../commit/shipping_state.ts";
import type { KeyUse, StoredRejection, StoredSpace, TouchpointRow } from "../core/account_responses.ts";
import { DROP_REASONS, type DropReason } from "../core/drop.ts";
import { monthOf } from "../core/instant.ts";
import { isJsonObject } from "../core/json.ts";
import { DAY_MS } from "../core/limits.ts";
import { TOUCHPOINT_BYTES_MAX, TOUCHPOINT_LENGTH_MAX } from "../core/touchpoint.ts";
import type { SavedView } from "../core/views.ts";
import type { Database } from "../runtime/contract/database.ts";
import { BlockReader } from "./block_reader.ts";
import { hasTable, openForReading, type ReadAccess } from "./database.ts";
import { SELECT_VIEWS, shownView } from "./view_table.ts";

export class DataReader {
  readonly blocks: BlockReader;
  readonly tables: TablesReader;
  readonly #database: Database;

  /** Throws OperatingError. */
  constructor(file: string, access: ReadAccess = "shared") {
    this.#database = openForReading(file, access);
    this.blocks = new BlockReader(this.#database);
    this.tables = new TablesReader(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}

/** Rows that are held at once where each may be long. */
const ROWS_AT_ONCE = 100;
/** Characters of a set-aside batch that are shown; of a longer one the shortened text that its rejection has. */
const BODY_LENGTH_MAX = 65_536;

export class TablesReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Every record below this id is in the history beside the data file; 1: none is. */
  shippedBelow(): number {
    const row = this.#one("SELECT value FROM meta WHERE name = 'shipping'") as { value: unknown } | null;
    return readShippingState(row?.value)?.shippedBelow ?? 1;
  }

  /** What the history beside the data file has alone. */
  removed(): RemovedRecords {
    const row = this.#one("SELECT value FROM meta WHERE name = 'removed'") as { value: unknown } | null;
    return readRemovedRecords(row?.value);
  }

  /** Changes whenever another connection has committed something. */
  dataVersion(): number {
    return (this.#one("PRAGMA data_version") as { data_version: number }).data_version;
  }

  /** The names that each project's list has, by project and name. */
  touchpoints(project?: string): TouchpointRow[] {
    const rows = this.#all<{ project: string; name: string; registered: number; firstSeen: number }>(
      "SELECT projects.name AS project, touchpoints.name AS name, registered, first_seen AS firstSeen FROM touchpoints " +
        "JOIN projects ON projects.id = touchpoints.project WHERE (?1 IS NULL OR projects.name = ?1) " +
        `AND octet_length(touchpoints.name) <= ${TOUCHPOINT_BYTES_MAX} ORDER BY 1, 2`,
      project ?? null,
    );
    // A file of an older format may list longer ones.
    return rows
      .filter(({ name }) => name.length <= TOUCHPOINT_LENGTH_MAX)
      .map((row) => ({ ...row, registered: row.registered !== 0 }));
  }

  /** The names that somebody registered. */
  registered(project?: string): string[] {
    const rows = this.#all<{ name: string }>(
      "SELECT touchpoints.name AS name FROM touchpoints JOIN projects ON projects.id = touchpoints.project " +
        "WHERE registered <> 0 AND (?1 IS NULL OR projects.name = ?1)",
      project ?? null,
    );
    return rows.map(({ name }) => name);
  }

  /** Every counter of every project and month. */
  usageCounters(): { project: string; month: string; name: string; value: number }[] {
    return this.#all(
      "SELECT projects.name AS project, month, usage.name AS name, value FROM usage " +
        "JOIN projects ON projects.id = usage.project ORDER BY 1, 2, 3",
    );
  }

  /** Every project that ever stored or was given anything, by name. */
  storage(): StoredSpace[] {
    return this.#all(
      "SELECT projects.name AS project, coalesce(sum(records), 0) AS records, count(blocks.id) AS blocks, " +
        "coalesce(sum(bytes), 0) AS bytes, min(time_min) AS oldest, max(time_max) AS newest " +
        "FROM projects LEFT JOIN blocks ON blocks.project = projects.id GROUP BY projects.id ORDER BY 1",
    );
  }

  /** Compressed bytes of a project's blocks by the UTC month of their records' time, "2026-11". */
  monthBytes(): { project: string; month: string; bytes: number }[] {
    const days = this.#all<{ project: string; day: number; bytes: number }>(
      "SELECT projects.name AS project, day, sum(bytes) AS bytes FROM blocks " +
        "JOIN projects ON projects.id = blocks.project GROUP BY blocks.project, day ORDER BY 1, day",
    );
    const months = new Map<string, { project: string; month: string; bytes: number }>();
    for (const { project, day, bytes } of days) {
      const month = monthOf(day * DAY_MS);
      const sum = months.get(`${month} ${project}`) ?? { project, month, bytes: 0 };
      sum.bytes += bytes;
      months.set(`${month} ${project}`, sum);
    }
    return [...months.values()];
  }

  /** The latest dropped entries, latest first; read some at a time, as they are taken. */
  *rejections(project: string | undefined, limit: number): Generator<StoredRejection> {
    let before = Number.MAX_SAFE_INTEGER;
    for (let left = limit; left > 0; left -= ROWS_AT_ONCE) {
      const rows = this.#all<Omit<StoredRejection, "reason"> & { reason: string; projectId: number }>(
        "SELECT rejections.id AS id, projects.name AS project, projects.id AS projectId, api_key AS apiKey, " +
          "received_at AS receivedAt, reason, entry FROM rejections JOIN projects ON projects.id = rejections.project " +
          "WHERE rejections.id < ?3 AND (?1 IS NULL OR projects.name = ?1) ORDER BY rejections.id DESC LIMIT ?2",
        project ?? null,
        Math.min(left, ROWS_AT_ONCE),
        before,
      );
      for (const { projectId, ...row } of rows) {
        before = row.id;
        const entry = row.reason === "internal" ? this.#entriesSetAside(projectId, row) : row.entry;
        yield { ...row, reason: reasonOf(row.reason), entry };
      }
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  /** The starts that wait for their end, in the order in which they came; read some at a time, as they are taken. */
  *openStarts(project?: string): Generator<OpenStart> {
    for (let after = -1; ; ) {
      const rows = this.#all<{ id: number; item: string }>(
        "SELECT id, item FROM waiting WHERE id > ? ORDER BY id LIMIT ?",
        after,
        ROWS_AT_ONCE,
      );
      for (const { id, item } of rows) {
        after = id;
        const timing = parsePendingTiming(item);
        if (timing?.entry.kind !== "start") continue;
        if (project === undefined || timing.project === project) yield { project: timing.project, start: timing.entry };
      }
      if (rows.length < ROWS_AT_ONCE) return;
    }
  }

  /**
   * Ambiguous pairs of one project, or of all, by touchpoint as `ambiguousName` cuts it, received on UTC days that a
   * range of Unix ms touches. Files of before format 4 know of none.
   */
  ambiguousPairs(project: string | undefined, from: number, to: number): Map<string, number> {
    const pairs = new Map<string, number>();
    if (this.#one("SELECT 1 FROM sqlite_schema WHERE name = 'ambiguous'") === null) return pairs;
    const rows = this.#all<{ touchpoint: string; pairs: number }>(
      "SELECT touchpoint, pairs FROM ambiguous JOIN projects ON projects.id = project " +
        "WHERE day >= ?2 AND day < ?3 AND (?1 IS NULL OR projects.name = ?1)",
      project ?? null,
      Math.floor(from / DAY_MS),
      to / DAY_MS,
    );
    for (const row of rows) pairs.set(row.touchpoint, (pairs.get(row.touchpoint) ?? 0) + row.pairs);
    return pairs;
  }

  /** When each key that the server ever knew was first known and last used, by name. */
  keyUse(): KeyUse[] {
    return this.#all(
      "SELECT name, type, first_seen AS created, last_used AS lastUsed FROM api_keys ORDER BY name, type",
    );
  }

  /** The saved views of one project and everybody's, or all, by name. Files of before format 5 have none. */
  views(project: string | undefined): SavedView[] {
    if (!hasTable(this.#database, "views")) return [];
    const rows = this.#all<Parameters<typeof shownView>[0]>(
      `${SELECT_VIEWS} WHERE ?1 IS NULL OR project IN ('', ?1) ORDER BY name, project`,
      project ?? null,
    );
    return rows.map(shownView);
  }

  /** The entries of the batch that a rejection stands for; its shortened text where that is all there is. */
  #entriesSetAside(projectId: number, { apiKey, receivedAt, entry }: Omit<StoredRejection, "reason">): string {
    const row = this.#one(
      "SELECT body FROM set_aside WHERE project = ? AND api_key = ? AND received_at = ? AND length(body) <= ? AND " +
        "substr(body, 1, length(?5)) = ?5 LIMIT 1",
      projectId,
      apiKey,
      receivedAt,
      BODY_LENGTH_MAX,
      entry.replace(/…$/u, ""),
    ) as { body: string } | null;
    const body = parseJson(row?.body ?? entry);
    return isJsonObject(body) && Array.isArray(body["entries"]) ? JSON.stringify(body["entries"]) : entry;
  }

  #all<Row>(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#database.query(sql).all(...values) as Row[];
  }

  #one(sql: string, ...values: (string | number | null)[]): unknown {
    return this.#database.query(sql).get(...values);
  }
}

function reasonOf(text: string): DropReason {
  return DROP_REASONS.find((reason) => reason === text) ?? "internal";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
