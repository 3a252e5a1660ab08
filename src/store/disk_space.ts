// Room on the disk: how much the data file and its log take, giving free pages back, and checkpoints of the log.

import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "../runtime/contract/database.ts";
import { CHECKPOINT_PAGES } from "./database.ts";

/** Pages given back in one step, so that a step takes about a millisecond: the writer has other work. */
const VACUUM_STEP_PAGES = 256;
/** Free pages that are kept for the next blocks: giving them back only to take them again costs twice. */
const FREE_PAGES_KEPT = 1_024;
/** With less room on the disk than this, in bytes, it is scarce. */
const SCARCE_BYTES = 256 * 1024 * 1024;
/** Pages that the log may hold while room is scarce: 1 MiB. The reserve must be larger than the log at its largest. */
const SCARCE_CHECKPOINT_PAGES = 256;

function pragmaNumber(database: Database, name: string): number {
  const row = database.query(`PRAGMA ${name}`).get() as Record<string, number>;
  return Object.values(row)[0] as number;
}

/** Sizes in bytes. */
export interface SpaceUsed {
  /** Of the data file and its log, as the file system has them. */
  readonly onDisk: number;
  /** Of the pages that hold data. */
  readonly inUse: number;
  /** Of the pages that could be given back. */
  readonly free: number;
}

function fileSize(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

export function spaceUsed(database: Database, file: string): SpaceUsed {
  const pageBytes = pragmaNumber(database, "page_size");
  const free = pragmaNumber(database, "freelist_count") * pageBytes;
  return {
    onDisk: fileSize(file) + fileSize(`${file}-wal`),
    inUse: pragmaNumber(database, "page_count") * pageBytes - free,
    free,
  };
}

/** Gives one step of free pages back to the file system; answers whether more are left. */
export function vacuumStep(database: Database, keepPages = FREE_PAGES_KEPT): boolean {
  const free = pragmaNumber(database, "freelist_count");
  if (free <= keepPages) return false;
  database.query(`PRAGMA incremental_vacuum(${Math.min(VACUUM_STEP_PAGES, free - keepPages)})`).all();
  return free - VACUUM_STEP_PAGES > keepPages;
}

/** A file that is so much larger than its pages is cut, in bytes: less comes with the next copying of the log. */
const CUT_BYTES_MIN = 1024 * 1024;

/**
 * Has the file cut to its pages where steps of giving back have left it much larger: SQLite cuts it only when it copies
 * the log, which on a quiet server is long after.
 */
export function cutFile(database: Database, file: string): void {
  const bytes = pragmaNumber(database, "page_count") * pragmaNumber(database, "page_size");
  if (fileSize(file) - bytes >= CUT_BYTES_MIN) tryCheckpointFully(database);
}

/** Bytes that may still be written to the disk on which the data file lies. */
export function freeBytes(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
}

/** Whether a full disk may be near. */
export function isRoomScarce(file: string): boolean {
  return freeBytes(file) < SCARCE_BYTES;
}

/**
 * Has the log copied back early while room is scarce, late otherwise. A full disk is left by copying the log back,
 * which can make the file grow by as much as the log holds: more than the reserve would mean never.
 */
export function setCheckpointSize(database: Database, file: string): void {
  const pages = isRoomScarce(file) ? SCARCE_CHECKPOINT_PAGES : CHECKPOINT_PAGES;
  database.query(`PRAGMA wal_autocheckpoint = ${pages}`).all();
}

/** Copies the log into the file and cuts it to nothing, as far as readers allow. */
export function checkpointFully(database: Database): void {
  database.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
}

/** Copies what readers allow of the log into the file, and leaves the log as it is. */
export function checkpointPartly(database: Database): void {
  database.query("PRAGMA wal_checkpoint(PASSIVE)").all();
}

/** How long emptying the log waits for readers at a time, in ms: the writer has other work. */
const EMPTY_WAIT_MS = 20;

/**
 * As `checkpointFully`, waiting for nobody for long; answers whether the log is empty and the file holds everything.
 */
export function tryCheckpointFully(database: Database): boolean {
  const waitMs = pragmaNumber(database, "busy_timeout");
  database.run(`PRAGMA busy_timeout = ${EMPTY_WAIT_MS}`);
  try {
    const [answer] = database.query("PRAGMA wal_checkpoint(TRUNCATE)").values() as number[][];
    return answer?.[0] === 0 && answer[1] === 0;
  } finally {
    database.run(`PRAGMA busy_timeout = ${waitMs}`);
  }
}
