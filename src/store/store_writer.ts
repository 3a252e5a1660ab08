// The one connection that writes. Every method is one transaction; what it remembers beside the file (catalog,
// projects) changes only after the commit, so a failed commit leaves no trace.

import type { EncodedBlock } from "../block/codec/column_chunks.ts";
import { BlockEncoder } from "../block/encode.ts";
import { type ZoneMap, zoneMapOf } from "../block/stats/zone_map.ts";
import type { GroupWrite, RestoredState } from "../commit/group_write.ts";
import type { RedoGroup } from "../commit/redo_group.ts";
import { readRemovedRecords, withRemoved, writeRemovedRecords } from "../commit/removed_records.ts";
import { readShippingState, type ShippingState, writeShippingState } from "../commit/shipping_state.ts";
import type { AlertRow } from "../core/alerts.ts";
import type { Durability } from "../core/batch.ts";
import type { ChangeOutcome, ChangeRequest } from "../core/changes.ts";
import type { ClockReading } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { StoredSession } from "../core/session.ts";
import type { ViewChange } from "../core/views.ts";
import type { Database } from "../runtime/contract/database.ts";
import { BlockTable } from "./block_table.ts";
import { BlockCatalog, type BlockEntry } from "./catalog.ts";
import { isStoreError, openForWriting } from "./database.ts";
import { checkpointPartly, tryCheckpointFully } from "./disk_space.ts";
import { type MergePlan, planMerge } from "./merge_plan.ts";
import { OpenedFiles } from "./opened_files.ts";
import { ProjectTable } from "./project_table.ts";
import { RedoLog } from "./redo_log.ts";
import { StateTables } from "./state_tables.ts";
import { type SeenNames, TouchpointTable } from "./touchpoint_table.ts";
import { ViewTable } from "./view_table.ts";

/** How long closing waits for readers, in ms: a part of the time that a stop may take. */
const CLOSE_WAIT_MS = 500;
const CLOSE_RETRY_MS = 5;

/** A change of the list of touchpoints. */
export type TouchpointChange = Extract<ChangeRequest, { readonly kind: `${string}_touchpoint` }>;

/** A merged block, as the compactor hands it over. */
export interface MergedBlock {
  readonly plan: MergePlan;
  readonly zoneMap: ZoneMap;
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
  readonly #views: ViewTable;
  readonly #state: StateTables;
  readonly #redo: RedoLog;
  readonly #files: OpenedFiles;
  readonly #durability: Durability;
  #bytesHanded = 0;
  #expected: number | undefined;

  /** `run` names this run of the process: batch numbers start again with each. Throws OperatingError. */
  constructor(file: string, durability: Durability, run: string) {
    this.#database = openForWriting(file, durability);
    this.#durability = durability;
    this.#run = run;
    this.#table = new BlockTable(this.#database);
    this.#catalog = BlockCatalog.load(this.#database);
    this.#projects = new ProjectTable(this.#database);
    this.#touchpoints = new TouchpointTable(this.#database);
    this.#views = new ViewTable(this.#database);
    this.#state = new StateTables(this.#database, this.#projects, this.#touchpoints);
    this.#redo = new RedoLog(this.#database, Number(this.#state.meta().get("redo_done") ?? 0));
    // What was read above has opened the log, too.
    this.#files = new OpenedFiles(file);
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

  get files(): OpenedFiles {
    return this.#files;
  }

  get projects(): ProjectTable {
    return this.#projects;
  }

  /** From now on a group's commit throws OperatingError("data_locked") if another connection has written since. */
  expectNoOtherWriter(): void {
    this.#expected = this.#dataVersion();
  }

  /** Another number after each commit of another connection. */
  #dataVersion(): number {
    return (this.#database.query("PRAGMA data_version").get() as { data_version: number }).data_version;
  }

  /**
   * Closes the file. The log is copied into it first, so that a stopped server's data is one file; a full disk or a
   * reader can prevent it.
   */
  close(): void {
    if (this.#database.inTransaction) this.#database.run("ROLLBACK");
    try {
      if (this.#files.problem() === undefined) this.#emptyLog();
      else this.completeOpened();
    } catch (error) {
      if (!isStoreError(error)) throw error;
    } finally {
      // Where the file has moved, SQLite leaves the log as it is.
      this.#database.close();
    }
  }

  /**
   * The file that was opened gets everything from the log, wherever it is now. The log stays as it is, for what was
   * moved to another disk is a copy that lacks it; but emptied where another file has the name: that one would get what
   * it holds at the next start.
   */
  completeOpened(): void {
    try {
      if (this.#files.isReplaced) this.#emptyLog();
      else checkpointPartly(this.#database);
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }

  #emptyLog(): void {
    // SQLite's own copying at close happens only once every statement is gone, which a thread that ends may not live to
    // see. And it does not wait for a connection that copies the log itself, as one does that ends at the same time.
    const waitUntil = performance.now() + CLOSE_WAIT_MS;
    while (!tryCheckpointFully(this.#database) && performance.now() < waitUntil) pause(CLOSE_RETRY_MS);
  }

  /** The last batch that was committed in this run of the process, 0 for none. */
  lastBatch(): number {
    const last = this.#redo.unflushed().at(-1);
    if (last !== undefined) return last.run === this.#run ? last.lastBatch : 0;
    const meta = this.#state.meta();
    return meta.get("run") === this.#run ? Number(meta.get("last_batch") ?? 0) : 0;
  }

  /** Reads the state that the tables hold, for a start. */
  restore(): RestoredState {
    return this.#state.restore();
  }

  /** The clock's reading at the last commit that had one; undefined in a new file. */
  clock(): ClockReading | undefined {
    return this.#state.clock();
  }

  /** Groups that are durable and not written in full: `restore` does not include them. */
  get redo(): RedoLog {
    return this.#redo;
  }

  /** Appends a group to the redo log, in one short transaction; false where it does not fit. Throws SQLite's error. */
  appendToRedoLog(group: Omit<RedoGroup, "run">): boolean {
    const isAppended = this.transaction(() => this.#redo.append({ run: this.#run, ...group }));
    if (isAppended) this.#redo.appended();
    return isAppended;
  }

  /** Gives the redo log's room back; it must be empty. Throws SQLite's error. */
  clearRedoLog(): void {
    if (!this.#redo.isThere) return;
    this.transaction(() => this.#redo.clear());
    this.#redo.cleared();
  }

  /**
   * Commits everything that is staged, the groups in the redo log included, and the clock's reading for the next start.
   * Throws SQLite's error where it cannot; then nothing has changed.
   */
  commit(group: GroupWrite, clock?: ClockReading): void {
    const entries = this.transaction(() => {
      if (this.#expected !== undefined && this.#dataVersion() !== this.#expected) {
        throw new OperatingError("data_locked", "another process writes the data file");
      }
      const entries = group.blocks.map((block, index): BlockEntry => {
        const project = this.#projects.ensure(block.project);
        const zoneMap = zoneMapOf(block.columns);
        const id = this.#catalog.nextId + index;
        const sizes = this.#table.insert({
          id,
          project,
          day: block.day,
          zoneMap,
          encoded: this.#encoder.packed(block.columns),
        });
        return { id, project, day: block.day, ...entryFieldsOf(zoneMap), ...sizes };
      });
      this.#state.write(group, this.#run, this.#redo.size > 0 ? this.#redo.last : undefined, clock);
      return entries;
    });
    this.#redo.flushed();
    for (const entry of entries) {
      this.#catalog.add(entry);
      this.#bytesHanded += 2 * entry.bytes;
    }
  }

  /** What to merge next, undefined for nothing. No block of the project `except`. */
  planMerge(isIdle: boolean, except?: string): MergePlan | undefined {
    const excluded = except === undefined ? undefined : this.#projects.idOf(except);
    return planMerge(this.#catalog.mergeable(excluded), isIdle);
  }

  /** Replaces blocks by their merged block; false when one of them is gone meanwhile, and then nothing has changed. */
  replaceMerged(merged: MergedBlock): boolean {
    const { plan, zoneMap, encoded } = merged;
    if (!plan.blocks.every((id) => this.#catalog.has(id))) return false;
    const id = this.#catalog.nextId;
    const sizes = this.transaction(() => {
      for (const source of plan.blocks) this.#table.remove(source);
      return this.#table.insert({ id, project: plan.project, day: plan.day, zoneMap, encoded });
    });
    for (const source of plan.blocks) this.#catalog.remove(source);
    this.#bytesHanded += 2 * sizes.bytes;
    this.#catalog.add({ id, project: plan.project, day: plan.day, ...entryFieldsOf(zoneMap), ...sizes });
    return true;
  }

  /**
   * Deletes whole blocks in one transaction.
   * @param cause "shipped": a cluster has their records, and the file says from now on which ones it lacks
   */
  removeBlocks(ids: readonly number[], cause?: "shipped"): void {
    this.transaction(() => {
      if (cause === "shipped") this.#noteRemoved(ids);
      for (const id of ids) this.#table.remove(id);
    });
    for (const id of ids) this.#catalog.remove(id);
  }

  #noteRemoved(ids: readonly number[]): void {
    let removed = readRemovedRecords(this.#state.meta().get("removed"));
    for (const id of ids) removed = withRemoved(removed, this.#table.extentOf(id));
    this.#state.setMeta("removed", writeRemovedRecords(removed));
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

  /** Changes the saved views in one transaction. `now` in Unix ms. */
  changeView(change: ViewChange, now: number): ChangeOutcome {
    return this.transaction(() => this.#views.change(change, now));
  }

  /** The rows of alerts, by kind and id. */
  alerts(): AlertRow[] {
    return this.#state.alerts();
  }

  /** Registers all seen names, `max` at most, in one transaction. @param project undefined: of every project. */
  registerSeen(project: string | undefined, contains: string, max: number): SeenNames {
    return this.transaction(() => this.#touchpoints.registerSeen(project, contains, max));
  }

  /** How far the file was shipped to ClickHouse; undefined: never at all. */
  shipping(): ShippingState | undefined {
    return readShippingState(this.#state.meta().get("shipping"));
  }

  /**
   * Writes how far the file was shipped, in one transaction, and to the disk whatever the durability is: with it all
   * records that are shipped next. After a loss of power their ids would else be given again. Throws SQLite's error.
   */
  saveShipping(state: ShippingState): void {
    if (this.#durability !== "sync") this.#database.run("PRAGMA synchronous = FULL");
    try {
      this.transaction(() => this.#state.setMeta("shipping", writeShippingState(state)));
    } finally {
      if (this.#durability !== "sync") this.#database.run("PRAGMA synchronous = NORMAL");
    }
  }

  /** The app's sessions, as they were saved last. */
  sessions(): StoredSession[] {
    return this.#database.query("SELECT id, proof, expires_at AS expiresAt FROM sessions").all() as StoredSession[];
  }

  /** Replaces the saved sessions, in one transaction. */
  saveSessions(sessions: readonly StoredSession[]): void {
    this.transaction(() => {
      this.#database.run("DELETE FROM sessions");
      const insert = this.#database.query("INSERT INTO sessions (id, proof, expires_at) VALUES (?, ?, ?)");
      for (const { id, proof, expiresAt } of sessions) insert.run(id, proof, expiresAt);
    });
  }

  /** Deletes changes of the state log of a kind that were received before an instant, Unix ms by the steady clock. */
  pruneStateLog(kind: string, before: number): void {
    this.transaction(() => this.#state.prune(kind, before));
  }

  /** Runs `work` in one transaction. Rolls back when it throws, or when the data file is not there any more. */
  transaction<T>(work: () => T): T {
    this.#database.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#files.mustBeThere();
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
}

/** The part of a zone map that the catalog holds. */
function entryFieldsOf(zoneMap: ZoneMap): Pick<BlockEntry, "records" | "timeMax" | "idMin" | "idMax"> {
  const { records, timeMax, idMin, idMax } = zoneMap;
  return { records, timeMax, idMin, idMax };
}

/** Blocks the thread, which has nothing else to do. */
function pause(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
