// Opens the data file: pragmas, format version, and a second process refused. Two kinds of connection: the one that
// writes (the writer thread's) and read-only ones.

import { existsSync, statSync } from "node:fs";
import { openDatabase, openReadOnly, sqliteCode } from "#runtime/sqlite.ts";
import type { Durability } from "../core/batch.ts";
import { OperatingError } from "../core/errors.ts";
import type { Database } from "../runtime/contract/database.ts";
import { refuseLogAlone } from "./opened_files.ts";
import { makePrivate } from "./private_file.ts";
import { APPLICATION_ID, FORMAT_STEPS, FORMAT_VERSION, READABLE_FORMAT_MIN, SCHEMA, TABLES } from "./schema.ts";

/** How long a statement waits for a lock, in ms: only a checkpoint by another tool can hold one. */
const BUSY_TIMEOUT_MS = 5_000;
/** Pages that the log may hold before it is copied back: 16 MiB, so that big blocks do not checkpoint each time. */
export const CHECKPOINT_PAGES = 4_096;
/** The log is cut back to this size after a checkpoint, in bytes. */
const LOG_BYTES_MAX = 64 * 1024 * 1024;
const CACHE_KIB = 16 * 1024;
/** Of a reader: each query has its own, and chunks of blocks are read once. */
const READER_CACHE_KIB = 1_024;

function numberOf(database: Database, pragma: string): number {
  const row = database.query(`PRAGMA ${pragma}`).get() as Record<string, number> | null;
  return row === null ? 0 : (Object.values(row)[0] ?? 0);
}

/** Opens the data file for the writer, making or upgrading it. Throws OperatingError. */
export function openForWriting(file: string, durability: Durability): Database {
  refuseLogAlone(file);
  makePrivate(file);
  const database = openFile(file, { create: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const version = checkFormat(database, file);
    if (version === 0) {
      database.run("PRAGMA auto_vacuum = INCREMENTAL");
    }
    // A file's own setting, which a copy made by other tools may have lost.
    database.run("PRAGMA journal_mode = WAL");
    database.run(`PRAGMA synchronous = ${durability === "sync" ? "FULL" : "NORMAL"}`);
    if (durability === "sync" && process.platform === "darwin") {
      database.run("PRAGMA fullfsync = ON");
      database.run("PRAGMA checkpoint_fullfsync = ON");
    }
    database.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.run(`PRAGMA journal_size_limit = ${LOG_BYTES_MAX}`);
    database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
    database.run("PRAGMA temp_store = MEMORY");
    if (version === 0) createTables(database);
    else upgradeFormat(database, version, FORMAT_STEPS);
    checkTables(database, file);
    return database;
  } catch (error) {
    database.close();
    throw asOperatingError(error, file);
  }
}

/**
 * How a file is opened to be read: beside a server; so that it and its log stay as they are; or where nothing can be
 * made beside it.
 */
export type ReadAccess = "shared" | "unchanged" | "immutable";

/**
 * Opens the data file read-only, beside a running server or alone. A file of the previous format is read as it is:
 * tables that came later are not there. Throws OperatingError.
 */
export function openForReading(file: string, access: ReadAccess = "shared"): Database {
  if (!existsSync(file)) {
    throw new OperatingError("data_unreadable", `cannot read ${file}: there is no such file; did the server ever run?`);
  }
  refuseLogAlone(file);
  const database = openAs(file, access);
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run("PRAGMA query_only = ON");
    database.run(`PRAGMA cache_size = -${READER_CACHE_KIB}`);
    const version = checkFormat(database, file);
    if (version === 0) throw new OperatingError("data_unreadable", `cannot read ${file}: it holds no data yet`);
    if (version < READABLE_FORMAT_MIN) {
      throw new OperatingError(
        "data_unreadable",
        `cannot read ${file}: it has the older format ${version}; start the server on it once, which upgrades it`,
      );
    }
    checkTables(database, file, version);
    return database;
  } catch (error) {
    database.close();
    throw asOperatingError(error, file);
  }
}

function openAs(file: string, access: ReadAccess): Database {
  // A log left by a killed server must be recovered by its first reader, which needs to write the shared index.
  if (access === "shared") return openFile(file, { create: false });
  try {
    return openReadOnly(file, { isImmutable: access === "immutable" });
  } catch (error) {
    throw asOperatingError(error, file);
  }
}

/** Whether a file has a table: one of the previous format lacks those that came with this one. */
export function hasTable(database: Database, name: string): boolean {
  return database.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== null;
}

function openFile(file: string, options: { create: boolean }): Database {
  try {
    return openDatabase(file, options);
  } catch (error) {
    throw asOperatingError(error, file);
  }
}

/** Throws OperatingError where the tables are not those that the program knows. */
function checkTables(database: Database, file: string, version = FORMAT_VERSION): void {
  const later = FORMAT_STEPS.slice(version - 1).join("");
  const isLater = (table: string) => new RegExp(`CREATE TABLE ${table}\\b`).test(later);
  try {
    for (const [table, columns] of Object.entries(TABLES)) {
      if (!isLater(table)) database.query(`SELECT ${columns} FROM ${table} LIMIT 0`);
    }
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const message = `cannot use ${file}: its tables are damaged: ${cause}; restore a backup`;
    throw new OperatingError("data_unreadable", message, { cause: error });
  }
}

/** The file's format version, 0 for a new file. */
function checkFormat(database: Database, file: string): number {
  const version = numberOf(database, "user_version");
  const application = numberOf(database, "application_id");
  if (version === 0 && application === 0 && numberOf(database, "page_count") <= 1 && isBlank(database)) return 0;
  if (application !== APPLICATION_ID) {
    throw new OperatingError("data_unreadable", `cannot use ${file}: it is a database of another program`);
  }
  if (version > FORMAT_VERSION) {
    throw new OperatingError(
      "data_format_newer",
      `cannot use ${file}: it has format ${version}, this program knows formats up to ${FORMAT_VERSION}; use a newer simplelogs`,
    );
  }
  return version;
}

function isBlank(database: Database): boolean {
  return database.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() === null;
}

function createTables(database: Database): void {
  inTransaction(database, () => {
    database.run(SCHEMA);
    const seed = crypto.getRandomValues(new Uint32Array(2));
    database.query("INSERT INTO meta (name, value) VALUES ('seed', ?)").run(`${seed[0]},${seed[1]}`);
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${FORMAT_VERSION}`);
  });
}

/**
 * Brings an older file to the present format in one transaction, so that a crash leaves the old one. `steps[n]` leads
 * from format n + 1 to n + 2.
 */
export function upgradeFormat(database: Database, from: number, steps: readonly string[]): void {
  if (from > steps.length) return;
  inTransaction(database, () => {
    for (const step of steps.slice(from - 1)) if (step !== "") database.run(step);
    database.run(`PRAGMA user_version = ${steps.length + 1}`);
  });
}

function inTransaction(database: Database, work: () => void): void {
  database.run("BEGIN");
  try {
    work();
    database.run("COMMIT");
  } catch (error) {
    // Some errors have rolled back already.
    if (database.inTransaction) database.run("ROLLBACK");
    throw error;
  }
}

function asOperatingError(error: unknown, file: string): OperatingError {
  if (error instanceof OperatingError) return error;
  const cause = error instanceof Error ? error.message : String(error);
  const isDenied = /^SQLITE_(CANTOPEN|READONLY|PERM)/.test(sqliteCode(error) ?? "");
  if (isDenied && statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    return new OperatingError("data_unreadable", `cannot open ${file}: it is a folder; name the data file in it`, {
      cause: error,
    });
  }
  const hint = isDenied ? "; do it as the user who runs the server, who may write in its folder" : "";
  return new OperatingError("data_unreadable", `cannot open ${file}: ${cause}${hint}`, { cause: error });
}

/** What SQLite says to a statement that is wrong by itself: trying again would never help. */
const STATEMENT_ERRORS = /^SQLITE_(ERROR|CONSTRAINT|MISMATCH|MISUSE|RANGE|TOOBIG)/;

/**
 * Whether an error is the store's: a full disk, an I/O error, a lock, a file that is gone. Anything else is a broken
 * invariant.
 */
export function isStoreError(error: unknown): error is Error {
  if (error instanceof OperatingError && error.code === "data_gone") return true;
  const code = sqliteCode(error);
  return code !== undefined && !STATEMENT_ERRORS.test(code);
}

/** Whether an error says that the file's bytes are not what was written. */
export function isCorruption(error: unknown): error is Error {
  return sqliteCode(error)?.startsWith("SQLITE_CORRUPT") === true;
}
