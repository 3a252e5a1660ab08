// What the worker must not lose beside records: counters, what waits, digests, names, keys' use, rejections. A group's
// part in them is written in its transaction; all of it is read at a start.

import type { GroupWrite, RestoredState } from "../commit/group_write.ts";
import type { AlertRow } from "../core/alerts.ts";
import type { ClockReading } from "../core/clock.ts";
import type { Source } from "../core/entry.ts";

import { AMBIGUOUS_DAYS_MAX, REJECTIONS_MAX, SET_ASIDE_BYTES_MAX } from "../core/limits.ts";

import type { Database, Statement } from "../runtime/contract/database.ts";
import type { ProjectTable } from "./project_table.ts";
import type { TouchpointTable } from "./touchpoint_table.ts";

interface KeyRow {
  readonly name: string;
  readonly type: Source;
  readonly first_seen: number;
  readonly last_used: number | null;
}

const STATEMENTS = {
  setMeta: "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  insertPending: "INSERT INTO waiting (id, item) VALUES (?, ?)",
  deletePending: "DELETE FROM waiting WHERE id = ?",
  appendChange: "INSERT INTO journal (received_at, kind, data) VALUES (?, ?, ?)",
  deleteChanges: "DELETE FROM journal WHERE kind = ? AND received_at < ?",
  setUsage:
    "INSERT INTO usage (project, month, name, value) VALUES (?, ?, ?, ?) " +
    "ON CONFLICT (project, month, name) DO UPDATE SET value = excluded.value",
  putKey:
    "INSERT INTO api_keys (name, type, first_seen, last_used) VALUES (?, ?, ?, ?) " +
    "ON CONFLICT (name, type) DO UPDATE SET last_used = excluded.last_used",
  addAmbiguous:
    "INSERT INTO ambiguous (day, project, type, touchpoint, pairs) VALUES (?, ?, ?, ?, ?) " +
    "ON CONFLICT (day, project, type, touchpoint) DO UPDATE SET pairs = pairs + excluded.pairs",
  pruneAmbiguous: "DELETE FROM ambiguous WHERE day <= ?",
  insertRejection: "INSERT INTO rejections (project, api_key, received_at, reason, entry) VALUES (?, ?, ?, ?, ?)",
  trimRejections:
    "DELETE FROM rejections WHERE project = ? AND id <= " +
    "(SELECT id FROM rejections WHERE project = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
  putAlert:
    "INSERT INTO alerts (kind, id, data) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET data = excluded.data",
  removeAlert: "DELETE FROM alerts WHERE kind = ? AND id = ?",
  insertSetAside: "INSERT INTO set_aside (project, api_key, received_at, entries, body) VALUES (?, ?, ?, ?, ?)",
  trimSetAside:
    "DELETE FROM set_aside WHERE id IN (SELECT id FROM " +
    "(SELECT id, sum(octet_length(body)) OVER (ORDER BY id DESC) AS bytes FROM set_aside) WHERE bytes > ?) " +
    "AND id < (SELECT max(id) FROM set_aside)",
} as const;

export class StateTables {
  readonly #database: Database;
  readonly #projects: ProjectTable;
  readonly #touchpoints: TouchpointTable;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, Statement>>;

  constructor(database: Database, projects: ProjectTable, touchpoints: TouchpointTable) {
    this.#database = database;
    this.#projects = projects;
    this.#touchpoints = touchpoints;
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, Statement>;
  }

  /** Reads all of it, for a start. */
  restore(): RestoredState {
    const meta = this.meta();
    const [seedHigh = 0, seedLow = 0] = String(meta.get("seed")).split(",").map(Number);
    return {
      seed: [seedHigh, seedLow],
      nextRecordId: Number(meta.get("next_record_id") ?? 1),
      pending: this.#all("SELECT id, item FROM waiting ORDER BY id"),
      stateLog: this.#all("SELECT kind, received_at AS receivedAt, data FROM journal ORDER BY id"),
      usage: this.#all(
        "SELECT projects.name AS project, month, usage.name AS name, value FROM usage JOIN projects ON projects.id = project",
      ),
      touchpoints: this.#touchpoints.listed(),
      keys: this.#all<KeyRow>("SELECT name, type, first_seen, last_used FROM api_keys").map((row) => ({
        name: row.name,
        type: row.type,
        firstSeen: row.first_seen,
        lastUsed: row.last_used ?? undefined,
      })),
      ambiguous: this.#all(
        "SELECT projects.name AS project, type AS keyType, touchpoint, day FROM ambiguous " +
          "JOIN projects ON projects.id = project WHERE day = (SELECT max(day) FROM ambiguous)",
      ),
    };
  }

  /** The table `meta`: values by name. */
  meta(): Map<string, string | number> {
    const rows = this.#all<{ name: string; value: string | number }>("SELECT name, value FROM meta");
    return new Map(rows.map((row) => [row.name, row.value]));
  }

  /** Puts one value into the table `meta`; within a transaction. */
  setMeta(name: string, value: string): void {
    this.#statements.setMeta.run(name, value);
  }

  /** The rows of alerts, by kind and id. */
  alerts(): AlertRow[] {
    return this.#all("SELECT kind, id, data FROM alerts ORDER BY kind, id");
  }

  /** The last reading of the server's clock; undefined in a new file. */
  clock(): ClockReading | undefined {
    const written = this.meta().get("clock");
    return written === undefined ? undefined : (JSON.parse(String(written)) as ClockReading);
  }

  /**
   * Writes a group's part in them, in its transaction; `redoDone` is the last group of the redo log that is written
   * with it, `clock` how the clock is.
   */
  write(group: GroupWrite, run: string, redoDone: number | undefined, clock: ClockReading | undefined): void {
    const statements = this.#statements;
    if (clock !== undefined) statements.setMeta.run("clock", JSON.stringify(clock));
    if (redoDone !== undefined) statements.setMeta.run("redo_done", redoDone);
    const project = (name: string) => this.#projects.ensure(name);
    statements.setMeta.run("next_record_id", group.nextRecordId);
    if (group.lastBatch !== undefined) {
      statements.setMeta.run("run", run);
      statements.setMeta.run("last_batch", group.lastBatch);
    }
    for (const id of group.pendingRemoved) statements.deletePending.run(id);
    for (const { id, item } of group.pendingAdded) statements.insertPending.run(id, item);
    for (const change of group.stateChanges) statements.appendChange.run(change.receivedAt, change.kind, change.data);
    for (const usage of group.usage)
      statements.setUsage.run(project(usage.project), usage.month, usage.name, usage.value);
    for (const update of group.touchpoints) this.#touchpoints.apply(project(update.project), update);
    for (const { name, type, firstSeen, lastUsed } of group.keys) {
      statements.putKey.run(name, type, firstSeen, lastUsed ?? null);
    }
    for (const { project: name, keyType, touchpoint, day, pairs } of group.ambiguous) {
      statements.pruneAmbiguous.run(day - AMBIGUOUS_DAYS_MAX);
      statements.addAmbiguous.run(day, project(name), keyType, touchpoint, pairs);
    }
    for (const { kind, id } of group.alerts?.remove ?? []) statements.removeAlert.run(kind, id);
    for (const { kind, id, data } of group.alerts?.put ?? []) statements.putAlert.run(kind, id, data);
    const rejected = new Set<number>();
    for (const rejection of group.rejections) {
      const id = project(rejection.project);
      rejected.add(id);
      statements.insertRejection.run(id, rejection.apiKey, rejection.receivedAt, rejection.reason, rejection.entry);
    }
    for (const id of rejected) statements.trimRejections.run(id, id, REJECTIONS_MAX);
    const { setAside } = group;
    if (setAside === undefined) return;
    const { apiKey, receivedAt, entryCount, body } = setAside;
    statements.insertSetAside.run(project(setAside.project), apiKey, receivedAt, entryCount, body);
    statements.trimSetAside.run(SET_ASIDE_BYTES_MAX);
  }

  /**
   * Deletes changes of a kind that were received before an instant, Unix ms by the steady clock; within a transaction.
   */
  prune(kind: string, before: number): void {
    this.#statements.deleteChanges.run(kind, before);
  }

  #all<Row>(sql: string): Row[] {
    return this.#database.query(sql).all() as Row[];
  }
}
