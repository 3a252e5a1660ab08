// Room in the data file: how much it takes, and giving back what is free.

import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";

/** Pages given back in one step, so that a step takes about a millisecond: the writer has other work. */
const VACUUM_STEP_PAGES = 256;
/** Free pages that are kept for the next blocks: giving them back only to take them again costs twice. */
const FREE_PAGES_KEPT = 1_024;

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

/** Copies the log into the file and cuts it to nothing, as far as readers allow. */
export function checkpointFully(database: Database): void {
  database.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
}
