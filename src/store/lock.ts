// One process a data file. The lock is SQLite's own, on a small file beside the data: the system drops it when the process
// dies, however it dies, so there is never a stale one to remove by hand.

import { existsSync, realpathSync } from "node:fs";
import { openDatabase, sqliteCode } from "#runtime/sqlite.ts";
import { OperatingError } from "../core/errors.ts";
import type { Database } from "../runtime/driver.ts";
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

/** The file's own name, whatever leads to it: SQLite puts what belongs to it beside that one. */
function realName(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    // It is made later, here or where its folder really is.
    return file;
  }
}

/** Takes the lock on a data file, or throws OperatingError("data_locked") naming the process that holds it. */
export function lockData(file: string): DataLock {
  let database: Database;
  const data = realName(file);
  const lockFile = data + LOCK_SUFFIX;
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
  return {
    release() {
      database.run("ROLLBACK");
      database.close();
    },
  };
}

/** The number of the process that holds the lock, as far as this user can tell; undefined: nobody. Nothing is made or written. */
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

/** Leaves our number for the next process to name. A disk so full that it does not fit must not keep the server away. */
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
