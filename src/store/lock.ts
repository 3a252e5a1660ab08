// Lets only one process at a time use a data file. The lock is SQLite's own, on a small file beside the data file. The
// operating system releases it when the process ends, even when it is killed, so nobody ever removes a stale lock by
// hand.

import { existsSync, statSync } from "node:fs";
import { openDatabase, sqliteCode } from "#runtime/sqlite.ts";
import { OperatingError } from "../core/errors.ts";
import type { Database } from "../runtime/contract/database.ts";
import { realName, refuseLogAlone } from "./opened_files.ts";
import { makeBeside } from "./private_file.ts";

/** What the lock's file is called, beside the data file. */
export const LOCK_SUFFIX = "-lock";

/** A held lock. */
export interface DataLock {
  release(): void;
}

function isBusy(error: unknown): boolean {
  return sqliteCode(error)?.startsWith("SQLITE_BUSY") === true;
}

function isFull(error: unknown): boolean {
  return sqliteCode(error) === "SQLITE_FULL";
}

export interface LockOptions {
  /**
   * This process has not had the file open: only then can it be asked who has, where the lock's file is gone. (A
   * connection that was closed lasts until its statements are collected.) Default false.
   */
  readonly isFirstToOpen?: boolean;
}

/** Takes the lock on a data file, or throws OperatingError("data_locked") naming the process that holds it. */
export function lockData(file: string, options: LockOptions = {}): DataLock {
  let database: Database;
  const data = realName(file);
  const lockFile = data + LOCK_SUFFIX;
  const suspicion = suspicionOf(file, options.isFirstToOpen === true ? lockFile : undefined);
  makeBeside(data, lockFile);
  try {
    database = openDatabase(lockFile, { create: false });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new OperatingError(
      "io",
      `cannot lock ${file}: ${cause}; does the folder exist and may this user write to it?`,
    );
  }
  try {
    // Without a journal file the number can be replaced on a full disk too.
    database.run("PRAGMA journal_mode = MEMORY");
    writeHolder(database);
    database.run("BEGIN IMMEDIATE");
  } catch (error) {
    const message = isBusy(error)
      ? `cannot use ${file}: process ${holderOf(database)} is running on it; stop that one first`
      : `cannot lock ${file}: ${error instanceof Error ? error.message : String(error)}`;
    database.close();
    throw new OperatingError(isBusy(error) ? "data_locked" : "io", message);
  }
  const lock: DataLock = {
    release() {
      database.run("ROLLBACK");
      database.close();
    },
  };
  if (suspicion === undefined || !isOpenElsewhere(file)) return lock;
  lock.release();
  throw new OperatingError(
    "data_locked",
    `cannot use ${file}: ${suspicion}, and a process has it open; stop that one first`,
  );
}

/** Why another server may hold a different lock on the same data; undefined where it cannot. */
function suspicionOf(file: string, lockFile: string | undefined): string | undefined {
  const links = statSync(file, { throwIfNoEntry: false })?.nlink ?? 0;
  // Each name has a lock of its own, and SQLite would keep a log beside each.
  if (links > 1) return "it has more than one name (hard links)";
  return links === 1 && lockFile !== undefined && !existsSync(lockFile) ? `${lockFile} is gone` : undefined;
}

/**
 * Whether a process has the file open. Every connection holds a shared lock on the file itself, which conflicts with an
 * exclusive one. Called only on suspicion, since the exclusive lock also conflicts with readers. Never while this
 * process has the file open.
 */
function isOpenElsewhere(file: string): boolean {
  // Opening it would delete the log.
  refuseLogAlone(file);
  let database: Database | undefined;
  try {
    database = openDatabase(file, { create: false });
    database.run("PRAGMA busy_timeout = 0");
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    // A cached statement would hold the lock.
    database.run("SELECT count(*) FROM sqlite_schema");
    return false;
  } catch (error) {
    // The next one to open the file reports any other problem with it.
    return isBusy(error);
  } finally {
    database?.close();
  }
}

/**
 * The number of the process that holds the lock, as far as this user can tell; undefined: nobody. Nothing is made or
 * written.
 */
export function lockHolder(file: string): string | undefined {
  const lockFile = realName(file) + LOCK_SUFFIX;
  if (!existsSync(lockFile)) return undefined;
  let database: Database | undefined;
  try {
    database = openDatabase(lockFile, { create: false });
    database.run("BEGIN IMMEDIATE");
    database.run("ROLLBACK");
    return undefined;
  } catch (error) {
    return database !== undefined && isBusy(error) ? holderOf(database) : undefined;
  } finally {
    database?.close();
  }
}

/**
 * Writes this process's number, which the next process names in its error. On a full disk the server starts without it.
 */
function writeHolder(database: Database): void {
  database.run("BEGIN IMMEDIATE");
  try {
    database.run("CREATE TABLE IF NOT EXISTS holder (pid INTEGER)");
    database.run("DELETE FROM holder");
    database.query("INSERT INTO holder (pid) VALUES (?)").run(process.pid);
    database.run("COMMIT");
  } catch (error) {
    if (database.inTransaction) database.run("ROLLBACK");
    if (!isFull(error)) throw error;
  }
}

function holderOf(database: Database): string {
  try {
    const row = database.query("SELECT pid FROM holder").get() as { pid: number } | null;
    return row === null ? "(unknown)" : String(row.pid);
  } catch {
    return "(unknown)";
  }
}
