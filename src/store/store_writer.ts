// The one connection that writes. Every method is one transaction; what it remembers beside the file (catalog, projects)
// changes only after the commit, so a failed commit leaves no trace.

import type { Database, Statement } from "bun:sqlite";
import { BlockEncoder, type EncodedBlock } from "../block/encode.ts";
import { type BlockHeader, headerOf } from "../block/header.ts";
import type { ChangeOutcome, ChangeRequest } from "../core/changing.ts";
import type { Source } from "../core/entry.ts";
import type { Durability } from "../core/intake.ts";
import type { BlockEntry } from "./block_entry.ts";
import { BlockTable } from "./block_table.ts";
import { BlockCatalog } from "./catalog.ts";
import { isStoreError, openForWriting } from "./database.ts";
import type { GroupWrite, KeyNote } from "./group_write.ts";
import { type MergePlan, planMerge } from "./merge_plan.ts";
import { ProjectTable } from "./project_table.ts";
import { tryCheckpointFully } from "./space.ts";
import { TouchpointTable } from "./touchpoint_table.ts";

/** Rejections kept a project: the latest ones. */
const REJECTIONS_MAX = 1_000;
/** How long closing waits for readers, in ms: a part of the time that a stop may take. */
const CLOSE_WAIT_MS = 500;
const CLOSE_RETRY_MS = 5;

/** A change of the list of touchpoints. */
export type TouchpointChange = Exclude<ChangeRequest, { readonly kind: "erase" }>;

/** What the worker needs to go on where the last process stopped. */
export interface RestoredState {
  /** Two u32: the secret seed of the digests. */
  readonly seed: readonly [number, number];
  readonly nextRecordId: number;
  readonly waiting: readonly { readonly id: number; readonly item: string }[];
  readonly journal: readonly { readonly kind: string; readonly receivedAt: number; readonly data: Uint8Array }[];
  readonly usage: readonly { project: string; month: string; name: string; value: number }[];
  readonly touchpoints: readonly { project: string; name: string }[];
  readonly keys: readonly KeyNote[];
}

interface KeyRow {
  readonly name: string;
  readonly type: Source;
  readonly first_seen: number;
  readonly last_used: number | null;
}

/** A merged block, as the compactor hands it over. */
export interface MergedBlock {
  readonly plan: MergePlan;
  readonly header: BlockHeader;
  readonly encoded: EncodedBlock;
}

export class StoreWriter {
  readonly #database: Database;
  readonly #run: string;
  readonly #table: BlockTable;
  readonly #catalog: BlockCatalog;
  readonly #encoder = new BlockEncoder();
  readonly #projects: ProjectTable;
  readonly #touchpoints: TouchpointTable;
  #bytesHanded = 0;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, Statement>>;

  /** `run` names this run of the process: batch numbers start again with each. Throws OperatingError. */
  constructor(file: string, durability: Durability, run: string) {
    this.#database = openForWriting(file, durability);
    this.#run = run;
    this.#table = new BlockTable(this.#database);
    this.#catalog = BlockCatalog.load(this.#database);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, this.#database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, Statement>;
    this.#projects = new ProjectTable(this.#database);
    this.#touchpoints = new TouchpointTable(this.#database);
  }

  get database(): Database {
    return this.#database;
  }

  /** Bytes of blocks given to SQLite since the start, counted twice: for the log and for the file. */
  get bytesHanded(): number {
    return this.#bytesHanded;
  }

  get catalog(): BlockCatalog {
    return this.#catalog;
  }

  get projects(): ProjectTable {
    return this.#projects;
  }

  /** A stopped server's data is one file: the log is copied into it, unless a full disk or a reader stands against it. */
  close(): void {
    if (this.#database.inTransaction) this.#database.run("ROLLBACK");
    try {
      // SQLite's own copying at close happens only once every statement is gone, which a thread that ends may not live to see. And
      // it does not wait for a connection that copies the log itself, as one does that ends at the same time.
      const waitUntil = performance.now() + CLOSE_WAIT_MS;
      while (!tryCheckpointFully(this.#database) && performance.now() < waitUntil) pause(CLOSE_RETRY_MS);
    } catch (error) {
      if (!isStoreError(error)) throw error;
    } finally {
      this.#database.close();
    }
  }

  /** The last batch that was committed in this run of the process, 0 for none. */
  lastBatch(): number {
    const meta = this.#meta();
    return meta.get("run") === this.#run ? Number(meta.get("last_batch") ?? 0) : 0;
  }

  /** Reads what the worker keeps in memory. */
  restore(): RestoredState {
    const meta = this.#meta();
    const [seedHigh = 0, seedLow = 0] = String(meta.get("seed")).split(",").map(Number);
    return {
      seed: [seedHigh, seedLow],
      nextRecordId: Number(meta.get("next_record_id") ?? 1),
      waiting: this.#all("SELECT id, item FROM waiting ORDER BY id"),
      journal: this.#all("SELECT kind, received_at AS receivedAt, data FROM journal ORDER BY id"),
      usage: this.#all(
        "SELECT projects.name AS project, month, usage.name AS name, value FROM usage JOIN projects ON projects.id = project",
      ),
      touchpoints: this.#all(
        "SELECT projects.name AS project, touchpoints.name AS name FROM touchpoints JOIN projects ON projects.id = project",
      ),
      keys: this.#all<KeyRow>("SELECT name, type, first_seen, last_used FROM api_keys").map((row) => ({
        name: row.name,
        type: row.type,
        firstSeen: row.first_seen,
        lastUsed: row.last_used ?? undefined,
      })),
    };
  }

  /** Commits a group. Throws SQLite's error when it cannot, and then nothing has changed. */
  commit(group: GroupWrite): void {
    const entries = this.transaction(() => {
      const entries = group.blocks.map((block, index): BlockEntry => {
        const project = this.#projects.ensure(block.project);
        const header = headerOf(block.columns);
        const id = this.#catalog.nextId + index;
        const sizes = this.#table.insert({
          id,
          project,
          day: block.day,
          header,
          encoded: this.#encoder.packed(block.columns),
        });
        return { id, project, day: block.day, records: header.records, timeMax: header.timeMax, ...sizes };
      });
      this.#writeMemories(group);
      return entries;
    });
    for (const entry of entries) {
      this.#catalog.add(entry);
      this.#bytesHanded += 2 * entry.bytes;
    }
  }

  /** What to merge next, if anything; nothing of the project `except`. */
  planMerge(isIdle: boolean, except?: string): MergePlan | undefined {
    const excluded = except === undefined ? undefined : this.#projects.idOf(except);
    return planMerge(this.#catalog.mergeable(excluded), isIdle);
  }

  /** Puts a merged block in place of its sources; answers false when one of them is gone meanwhile. */
  replaceMerged(merged: MergedBlock): boolean {
    const { plan, header, encoded } = merged;
    if (!plan.blocks.every((id) => this.#catalog.has(id))) return false;
    const id = this.#catalog.nextId;
    const sizes = this.transaction(() => {
      for (const source of plan.blocks) this.#table.remove(source);
      return this.#table.insert({ id, project: plan.project, day: plan.day, header, encoded });
    });
    for (const source of plan.blocks) this.#catalog.remove(source);
    this.#bytesHanded += 2 * sizes.bytes;
    const { records, timeMax } = header;
    this.#catalog.add({ id, project: plan.project, day: plan.day, records, timeMax, ...sizes });
    return true;
  }

  /** Deletes whole blocks in one transaction. */
  removeBlocks(ids: readonly number[]): void {
    this.transaction(() => {
      for (const id of ids) this.#table.remove(id);
    });
    for (const id of ids) this.#catalog.remove(id);
  }

  /** Changes the list of touchpoints in one transaction; a project that is not there is made. `now` in Unix ms. */
  changeTouchpoint(request: TouchpointChange, now: number): ChangeOutcome {
    return this.transaction(() => {
      const project = { id: this.#projects.ensure(request.project), name: request.project };
      const { kind, name } = request;
      if (kind === "register_touchpoint") return this.#touchpoints.register(project, name, now);
      if (kind === "rename_touchpoint") return this.#touchpoints.rename(project, name, request.to);
      return this.#touchpoints.delete(project, name);
    });
  }

  /** Forgets journal parts received before so long ago, in Unix ms. */
  pruneJournal(kind: string, before: number): void {
    this.transaction(() => this.#statements.deleteJournal.run(kind, before));
  }

  #meta(): Map<string, string | number> {
    const rows = this.#all<{ name: string; value: string | number }>("SELECT name, value FROM meta");
    return new Map(rows.map((row) => [row.name, row.value]));
  }

  #writeMemories(group: GroupWrite): void {
    const statements = this.#statements;
    const project = (name: string) => this.#projects.ensure(name);
    statements.setMeta.run("next_record_id", group.nextRecordId);
    if (group.lastBatch !== undefined) {
      statements.setMeta.run("run", this.#run);
      statements.setMeta.run("last_batch", group.lastBatch);
    }
    for (const id of group.waitingRemoved) statements.deleteWaiting.run(id);
    for (const { id, item } of group.waitingAdded) statements.insertWaiting.run(id, item);
    for (const part of group.journal) statements.insertJournal.run(part.receivedAt, part.kind, part.data);
    for (const usage of group.usage)
      statements.setUsage.run(project(usage.project), usage.month, usage.name, usage.value);
    for (const { project: name, name: touchpoint, firstSeen } of group.touchpoints) {
      statements.insertTouchpoint.run(project(name), touchpoint, firstSeen);
    }
    for (const { name, type, firstSeen, lastUsed } of group.keys) {
      statements.putKey.run(name, type, firstSeen, lastUsed ?? null);
    }
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
  }

  /** Runs `work` in one transaction, which its throwing undoes. */
  transaction<T>(work: () => T): T {
    this.#database.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.run("COMMIT");
      this.#projects.committed();
      return result;
    } catch (error) {
      // Some errors (SQLITE_FULL, SQLITE_IOERR) have rolled back already.
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
      this.#projects.rolledBack();
      throw error;
    }
  }

  #all<Row>(sql: string): Row[] {
    return this.#database.query(sql).all() as Row[];
  }
}

const STATEMENTS = {
  setMeta: "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  insertWaiting: "INSERT INTO waiting (id, item) VALUES (?, ?)",
  deleteWaiting: "DELETE FROM waiting WHERE id = ?",
  insertJournal: "INSERT INTO journal (received_at, kind, data) VALUES (?, ?, ?)",
  deleteJournal: "DELETE FROM journal WHERE kind = ? AND received_at < ?",
  setUsage:
    "INSERT INTO usage (project, month, name, value) VALUES (?, ?, ?, ?) " +
    "ON CONFLICT (project, month, name) DO UPDATE SET value = excluded.value",
  insertTouchpoint: "INSERT OR IGNORE INTO touchpoints (project, name, registered, first_seen) VALUES (?, ?, 0, ?)",
  putKey:
    "INSERT INTO api_keys (name, type, first_seen, last_used) VALUES (?, ?, ?, ?) " +
    "ON CONFLICT (name, type) DO UPDATE SET last_used = excluded.last_used",
  insertRejection: "INSERT INTO rejections (project, api_key, received_at, reason, entry) VALUES (?, ?, ?, ?, ?)",
  trimRejections:
    "DELETE FROM rejections WHERE project = ? AND id <= " +
    "(SELECT id FROM rejections WHERE project = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
  insertSetAside: "INSERT INTO set_aside (project, api_key, received_at, entries, body) VALUES (?, ?, ?, ?, ?)",
} as const;

/** Holds the thread: nothing else is left for it to do. */
function pause(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
