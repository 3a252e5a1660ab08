// Copies the data file while a server may run on it. In: a data file. Out: a compact data file that only its owner can
// read, with the state of one moment.
//
// One read transaction reads everything, since several short ones would see different moments. Until it ends, SQLite
// cannot reuse the WAL, which grows by what is ingested meanwhile. Measured with a file of 500 MB: 550 MB/s, flushed;
// 112 MB of blocks committed meanwhile made a WAL of 118 MB. SQLite's VACUUM INTO does not fit: a read-only connection
// refuses it, it cannot be cancelled, and it reports no progress.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { openDatabase } from "#runtime/sqlite.ts";
import { OperatingError } from "../core/errors.ts";
import type { Database } from "../runtime/contract/database.ts";
import { openForReading } from "./database.ts";
import { lockData } from "./lock.ts";
import { makePrivate } from "./private_file.ts";
import { APPLICATION_ID, CHUNKS_MAX } from "./schema.ts";

/** The size and the contents of a backup. */
export interface BackupReport {
  /** Size of the copy's file. */
  readonly bytes: number;
  readonly records: number;
  readonly blocks: number;
}

/** Compressed bytes of blocks that are copied before progress is reported and the signal is checked. */
const STEP_BYTES = 8 * 1024 * 1024;
/** How long a statement waits for a lock, in ms. */
const BUSY_TIMEOUT_MS = 5_000;
/** Tables that are copied empty at first: a session of a backup could outlive its sign-out. */
const NOT_COPIED: ReadonlySet<string> = new Set(["pieces", "sessions"]);
/** Suffixes of files that SQLite would read together with the copy. */
const COMPANIONS = ["-wal", "-journal"] as const;
/**
 * A copy is made in a folder of this name beside it, which no other user can open: nobody can put a link in its place.
 */
const PARTIAL_SUFFIX = ".partial-";
const COPY = "copy.db";

/**
 * Copies the data file to a file that is not there yet; `onProgress` hears of compressed bytes of blocks. Throws
 * OperatingError: data_unreadable, io; nothing is left of the copy then, and neither when the signal ends it.
 */
export async function backupTo(
  file: string,
  target: string,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<BackupReport> {
  if (resolve(file) === resolve(target)) throw refused(target, "it is the data file itself");
  if (isTaken(target)) {
    const isFolder = statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
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
  const work = makeWorkFolder(target);
  try {
    const report = await copyInto(work, file, target, { onProgress, signal });
    return { ...report, bytes: statSync(target).size };
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    throw refused(target, error instanceof Error ? error.message : String(error), error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function makeWorkFolder(target: string): string {
  try {
    removeStale(target);
    return mkdtempSync(target + PARTIAL_SUFFIX);
  } catch (error) {
    throw refused(target, error instanceof Error ? error.message : String(error), error);
  }
}

async function copyInto(
  work: string,
  file: string,
  target: string,
  options: CopyOptions,
): Promise<Omit<BackupReport, "bytes">> {
  const partial = join(work, COPY);
  // While this process lives, the lock tells another backup not to remove the folder.
  const lock = lockData(partial);
  try {
    const report = await copy(file, partial, options);
    flush(partial);
    takeName(partial, target);
    flush(dirname(resolve(target)));
    return report;
  } finally {
    lock.release();
  }
}

/** Gives the copy its name. Never replaces a file that took the name meanwhile. */
function takeName(partial: string, target: string): void {
  try {
    linkSync(partial, target);
    return;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || isTaken(target)) throw refused(target, "a file of that name was made meanwhile", error);
  }
  // A file system without hard links.
  renameSync(partial, target);
}

/** Also by a link that leads nowhere. */
function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Removes the folders of killed backups to the same name. */
function removeStale(target: string): void {
  const prefix = basename(target) + PARTIAL_SUFFIX;
  for (const entry of readdirSync(dirname(resolve(target)), { withFileTypes: true })) {
    if (!entry.name.startsWith(prefix) || !entry.isDirectory()) continue;
    const folder = join(dirname(resolve(target)), entry.name);
    if (statSync(folder).uid !== process.getuid?.()) continue;
    try {
      lockData(join(folder, COPY)).release();
    } catch (error) {
      if (error instanceof OperatingError) continue;
      throw error;
    }
    rmSync(folder, { recursive: true, force: true });
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
    // The copy has the format of its source.
    const { user_version: format } = database.query("PRAGMA source.user_version").get() as { user_version: number };
    const counts = database
      .query("SELECT count(*) AS blocks, coalesce(sum(records), 0) AS records FROM source.blocks")
      .get() as Omit<BackupReport, "bytes">;
    copyTables(database);
    await copyChunks(database, options);
    database.run("COMMIT");
    database.run("DETACH source");
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${format}`);
    // The journal mode is stored in the file: the copy gets that of the server's file.
    database.run("PRAGMA journal_mode = WAL");
    return counts;
  } finally {
    database.close();
  }
}

/** Creates every table and copies its rows, except those of NOT_COPIED. */
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

async function copyChunks(database: Database, { onProgress, signal }: CopyOptions): Promise<void> {
  const blocks = database.query("SELECT id, bytes FROM source.blocks ORDER BY id").all() as BlockSize[];
  const total = blocks.reduce((sum, block) => sum + block.bytes, 0);
  const insert = database.query("INSERT INTO main.pieces SELECT * FROM source.pieces WHERE key >= ? AND key < ?");
  let done = 0;
  let from = 0;
  for (const { to, bytes } of portions(blocks)) {
    if (signal?.aborted === true) throw new OperatingError("io", "the backup was ended before it was done");
    insert.run(from, to * CHUNKS_MAX);
    from = to * CHUNKS_MAX;
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

/** Flushes a file, or the entries of a folder, to the disk. */
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
