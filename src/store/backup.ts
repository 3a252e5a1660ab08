// A copy of the data file that is a working data file itself, made while the server goes on. In: a data file, held or not. Out: one
// file, of one moment, compact, for its owner alone.
//
// All is read in one snapshot, which keeps the log from being used again until the copy is done: it grows by what is ingested
// meanwhile, and is cut back afterwards. Measured with a file of 500 MB: 550 MB/s, flushed; 112 MB of blocks committed meanwhile
// made a log of 118 MB. SQLite's VACUUM INTO is refused on a connection that must not write, cannot be ended and does not say how
// far it is. Several short transactions would not be one moment.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { openDatabase } from "#runtime/sqlite.ts";
import { OperatingError } from "../core/errors.ts";
import type { Database } from "../runtime/driver.ts";
import { makePrivate, openForReading } from "./database.ts";
import { type DataLock, LOCK_SUFFIX, lockData } from "./lock.ts";
import { APPLICATION_ID, FORMAT_VERSION, PIECES_MAX } from "./schema.ts";

/** What a copy holds. */
export interface BackupReport {
  /** Of the copy. */
  readonly bytes: number;
  readonly records: number;
  readonly blocks: number;
}

/** Compressed bytes of blocks that are copied between two looks at whether to go on. */
const STEP_BYTES = 8 * 1024 * 1024;
/** How long a statement waits for a lock, in ms. */
const BUSY_TIMEOUT_MS = 5_000;
/** Tables that are copied empty at first: a session of a backup could outlive its sign-out. */
const NOT_COPIED: ReadonlySet<string> = new Set(["pieces", "sessions"]);
/** Files beside a database that SQLite would take for a part of it. */
const COMPANIONS = ["-wal", "-journal"] as const;

/**
 * Copies the data file to a file that is not there yet; `onProgress` hears of compressed bytes of blocks. Throws OperatingError:
 * data_unreadable, io; nothing is left of the copy then, and neither when the signal ends it.
 */
export async function backupTo(
  file: string,
  target: string,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<BackupReport> {
  if (resolve(file) === resolve(target)) throw refused(target, "it is the data file itself");
  if (existsSync(target)) {
    const isFolder = statSync(target).isDirectory();
    throw refused(
      target,
      isFolder ? "it is a folder; name a file in it" : "there is a file of that name; name another, or move it away",
    );
  }
  const folder = dirname(resolve(target));
  if (!existsSync(folder)) throw refused(target, `there is no folder ${folder}`);
  const companion = COMPANIONS.find((suffix) => existsSync(target + suffix));
  if (companion !== undefined)
    throw refused(target, `${target}${companion} would be taken for a part of it; remove it`);
  // Says what is wrong with the source, and refuses an older format.
  openForReading(file).close();
  const partial = `${target}.partial`;
  // Or the copy of another process could be taken for this one's, half done.
  const lock = lockPartial(partial, target);
  try {
    removeAll(partial);
    const report = await copy(file, partial, { onProgress, signal });
    flush(partial);
    // A name that was taken meanwhile stays whose it is.
    if (existsSync(target)) throw refused(target, "a file of that name was made meanwhile");
    renameSync(partial, target);
    flush(folder);
    return { ...report, bytes: statSync(target).size };
  } catch (error) {
    removeAll(partial);
    if (error instanceof OperatingError) throw error;
    throw refused(target, error instanceof Error ? error.message : String(error), error);
  } finally {
    // Its file goes while it is held, so that nobody has a lock on one that is gone.
    rmSync(partial + LOCK_SUFFIX, { force: true });
    lock.release();
  }
}

function lockPartial(partial: string, target: string): DataLock {
  try {
    return lockData(partial);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const reason = error.code === "data_locked" ? "another backup to it is being made" : error.message;
    throw refused(target, reason, error);
  }
}

interface CopyOptions {
  readonly onProgress: ((done: number, total: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

async function copy(file: string, partial: string, options: CopyOptions): Promise<Omit<BackupReport, "bytes">> {
  makePrivate(partial);
  const database = openDatabase(partial, { create: false });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.run("PRAGMA auto_vacuum = INCREMENTAL");
    // A copy that is not finished is thrown away, so nothing needs to be undone.
    database.run("PRAGMA journal_mode = OFF");
    database.run("PRAGMA synchronous = OFF");
    database.query("ATTACH ? AS source").run(resolve(file));
    database.run("BEGIN");
    const counts = database
      .query("SELECT count(*) AS blocks, coalesce(sum(records), 0) AS records FROM source.blocks")
      .get() as Omit<BackupReport, "bytes">;
    copyTables(database);
    await copyPieces(database, options);
    database.run("COMMIT");
    database.run("DETACH source");
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${FORMAT_VERSION}`);
    // The file's own setting: whoever opens the copy finds it as the server left its own.
    database.run("PRAGMA journal_mode = WAL");
    return counts;
  } finally {
    database.close();
  }
}

/** Every table, and what is in all of them but the pieces of blocks, which come later, and the app's sessions. */
function copyTables(database: Database): void {
  const tables = database
    .query(
      "SELECT name, sql FROM source.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .all() as { name: string; sql: string }[];
  for (const { name, sql } of tables) {
    database.run(sql);
    if (!NOT_COPIED.has(name)) database.run(`INSERT INTO main."${name}" SELECT * FROM source."${name}"`);
  }
}

async function copyPieces(database: Database, { onProgress, signal }: CopyOptions): Promise<void> {
  const blocks = database.query("SELECT id, bytes FROM source.blocks ORDER BY id").all() as BlockSize[];
  const total = blocks.reduce((sum, block) => sum + block.bytes, 0);
  const insert = database.query("INSERT INTO main.pieces SELECT * FROM source.pieces WHERE key >= ? AND key < ?");
  let done = 0;
  let from = 0;
  for (const { to, bytes } of portions(blocks)) {
    if (signal?.aborted === true) throw new OperatingError("io", "the backup was ended before it was done");
    insert.run(from, to * PIECES_MAX);
    from = to * PIECES_MAX;
    done += bytes;
    onProgress?.(done, total);
    await new Promise((wake) => setImmediate(wake));
  }
}

interface BlockSize {
  readonly id: number;
  readonly bytes: number;
}

/** Ranges of blocks that hold about STEP_BYTES each; `to` is not included. */
function* portions(blocks: readonly BlockSize[]): Generator<{ readonly to: number; readonly bytes: number }> {
  let bytes = 0;
  for (const [index, block] of blocks.entries()) {
    bytes += block.bytes;
    if (bytes < STEP_BYTES && index < blocks.length - 1) continue;
    yield { to: block.id + 1, bytes };
    bytes = 0;
  }
}

function removeAll(partial: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(partial + suffix, { force: true });
}

/** Has a file, or what a folder lists, brought to the disk. */
function flush(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function refused(target: string, reason: string, cause?: unknown): OperatingError {
  return new OperatingError("io", `cannot back up to ${target}: ${reason}`, { cause });
}
