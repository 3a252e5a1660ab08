// Writes a data file anew, in place, with SQLite's own VACUUM: what lies unused in its pages and its log is gone then.
// In: a file that no server holds. Out: the same data, in a file as small as it can be.
//
// VACUUM writes the whole file into a temporary one, and from there into the log, in one transaction; the log is then
// copied back and cut to nothing. A process that is killed before the commit leaves the file as it was; after it, the
// next one to open the file finishes the copying. So for a while the data lies there twice more. Measured with a file
// of 500 MB: see docs/erasing.md.

import { randomUUID } from "node:crypto";
import { existsSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { OperatingError } from "../../core/errors.ts";
import type { Database } from "../../runtime/contract/database.ts";
import { isStoreError } from "../database.ts";
import { freeBytes, spaceUsed, tryCheckpointFully } from "../disk_space.ts";
import { lockData } from "../lock.ts";
import type { StoreWriter } from "../store_writer.ts";
import { openStore } from "./maintenance.ts";

/**
 * What the log takes beside the pages in it, and room for the last commits of others on the disk: a part of the pages,
 * and in bytes.
 */
const OVERHEAD_SHARE = 0.02;
const OVERHEAD_BYTES = 1024 * 1024;
/** How long other programs that read the file may keep the log from being emptied, in ms. */
const BLOCKED_MS_MAX = 30_000;

/** Free room that compacting needs, by folder, and how much there is; in bytes. */
export interface RoomNeeded {
  readonly folder: string;
  readonly needed: number;
  readonly free: number;
}

/** What is done now: the file is written anew, or copied back from the log. */
export type CompactPhase = "rewrite" | "copy_back";

/** Bytes of the data file and its log. */
export interface CompactReport {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface CompactOptions {
  readonly file: string;
  /** Told first, also where there is too little. */
  readonly onRoom?: (rooms: readonly RoomNeeded[]) => void;
  readonly onPhase?: (phase: CompactPhase) => void;
}

/**
 * Throws OperatingError: data_locked while a server runs on the file, data_unreadable, io; the data is then what it
 * was.
 */
export function compactData(options: CompactOptions): CompactReport {
  const { file } = options;
  if (!existsSync(file)) throw refused(file, "there is no such file");
  const lock = lockData(file);
  try {
    const bytesBefore = bytesOf(file);
    const store = openStore(file, "sync", randomUUID());
    try {
      compactStore(store, options);
    } finally {
      store.close();
    }
    return { bytesBefore, bytesAfter: bytesOf(file) };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw refused(file, `${error.message}; the data is what it was`, error);
  } finally {
    lock.release();
  }
}

function compactStore(store: StoreWriter, { file, onRoom, onPhase }: CompactOptions): void {
  const { database } = store;
  if (store.redo.size > 0) throw refused(file, "the latest batches could not be written; is the disk full?");
  // Its slots keep groups of before.
  store.clearRedoLog();
  const rooms = roomNeeded(database, file);
  onRoom?.(rooms);
  const missing = rooms.find(({ needed, free }) => free < needed);
  if (missing !== undefined) {
    const { folder, needed, free } = missing;
    throw refused(file, `it needs ${needed} bytes free in ${folder}, and there are ${free}: make room and try again`);
  }
  onPhase?.("rewrite");
  database.run("VACUUM");
  onPhase?.("copy_back");
  for (const giveUpAt = performance.now() + BLOCKED_MS_MAX; !tryCheckpointFully(database); ) {
    if (performance.now() < giveUpAt) continue;
    throw refused(
      file,
      "another program is reading it, and what it was lies in the file until that one ends: try again then",
    );
  }
}

/** Also says where SQLite puts its temporary file: beside the data file, where SQLite lets that be chosen. */
function roomNeeded(database: Database, file: string): RoomNeeded[] {
  const { inUse } = spaceUsed(database, file);
  const copy = Math.ceil(inUse * (1 + OVERHEAD_SHARE)) + OVERHEAD_BYTES;
  const folder = dirname(realpathSync(file));
  const temporary = temporaryFolder(database, folder);
  const room = (of: string, needed: number): RoomNeeded => ({ folder: of, needed, free: freeBytes(resolve(of, "x")) });
  if (statSync(temporary).dev === statSync(folder).dev) return [room(folder, 2 * copy)];
  return [room(folder, copy), room(temporary, copy)];
}

function temporaryFolder(database: Database, folder: string): string {
  database.run("PRAGMA temp_store = FILE");
  database.run(`PRAGMA temp_store_directory = '${folder.replaceAll("'", "''")}'`);
  const row = database.query("PRAGMA temp_store_directory").get() as { temp_store_directory?: string } | null;
  return row?.temp_store_directory === folder ? folder : tmpdir();
}

function bytesOf(file: string): number {
  return [file, `${file}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function refused(file: string, reason: string, cause?: unknown): OperatingError {
  return new OperatingError("io", `cannot compact ${file}: ${reason}`, { cause });
}
