// A data file that is read so that it stays what it is: a backup, say, perhaps in a folder that cannot be written. In:
// its path. Out: a path and a way to open it. A private copy stands in where SQLite would have to change something:
// where the folder cannot be written and there is a log beside the file, and where groups wait in the redo log that
// must become records to be seen.

import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { OperatingError } from "../core/errors.ts";
import { openForReading, type ReadAccess } from "./database.ts";
import { freeBytes } from "./disk_space.ts";
import { lockHolder } from "./lock.ts";
import { redoState } from "./redo_log.ts";

/** How often a copy is tried of a file that somebody writes meanwhile. */
const ATTEMPTS_MAX = 5;
/** Free room that stays beside a copy, in bytes. */
const ROOM_BYTES_MIN = 16 * 1024 * 1024;

/** What is opened in place of the file that was named. */
export interface ReadOnlyData {
  readonly file: string;
  readonly access: ReadAccess;
  /** Whether it is a copy whose redo log holds groups that are not flushed. */
  readonly hasUnflushed: boolean;
  /** Removes the copy. Again: nothing. */
  readonly release: () => void;
}

/** Throws OperatingError where it cannot be read. */
export function readOnlyData(named: string): ReadOnlyData {
  if (!existsSync(named)) return asItIs(named);
  // SQLite has the log beside the file itself, whatever leads to it.
  const file = realpathSync(named);
  const hasLog = sizeOf(`${file}-wal`) > 0;
  const inPlace = (access: ReadAccess) => asItIs(file, access);
  if (canBeWritten(file)) {
    // A server that runs on it writes in full what waits.
    if (lockHolder(file) !== undefined) return inPlace("shared");
    const access = hasLog ? "unchanged" : "shared";
    return hasUnflushedGroups(file, access) ? privateCopy(file) : inPlace(access);
  }
  if (hasLog || hasUnflushedGroups(file, "immutable")) return privateCopy(file);
  return inPlace("immutable");
}

/** The file itself, beside its server or alone. */
export function asItIs(file: string, access: ReadAccess = "shared"): ReadOnlyData {
  return { file, access, hasUnflushed: false, release: () => undefined };
}

/** Whether groups wait in its redo log. Where it cannot be opened so, it is taken for one: a copy may do. */
function hasUnflushedGroups(file: string, access: ReadAccess): boolean {
  try {
    const database = openForReading(file, access);
    try {
      const { done, last } = redoState(database);
      return last > done;
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof OperatingError && access === "immutable") return true;
    // Whoever reads it next says why.
    if (error instanceof OperatingError) return false;
    throw error;
  }
}

/**
 * Whether SQLite could make its log beside the file: of one that is not there nobody knows, and opening it says why.
 */
export function canBeWritten(named: string): boolean {
  if (!existsSync(named)) return true;
  const file = realpathSync(named);
  return isWritable(dirname(file)) && isWritable(file);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A copy in a folder that only this user can open. Throws OperatingError("io"). */
export function privateCopy(file: string): ReadOnlyData {
  const log = `${file}-wal`;
  const needed = sizeOf(file) + sizeOf(log) + ROOM_BYTES_MIN;
  const free = freeBytes(join(tmpdir(), "x"));
  if (free < needed) {
    const cause = `it can only be read from a private copy, which needs ${needed} bytes in ${tmpdir()}, and there are ${free}`;
    throw new OperatingError("io", `cannot read ${file}: ${cause}; TMPDIR names another folder`);
  }
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-read-"));
  const release = () => rmSync(folder, { recursive: true, force: true });
  const copy = join(folder, "data.db");
  try {
    copyStill(file, copy);
    return { file: copy, access: "shared", hasUnflushed: hasUnflushedGroups(copy, "shared"), release };
  } catch (error) {
    release();
    if (error instanceof OperatingError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new OperatingError("io", `cannot read ${file}: cannot make a private copy: ${cause}`, { cause: error });
  }
}

/** Copies a file and its log of one moment. */
function copyStill(file: string, copy: string): void {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const before = stateOf(file);
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    rmSync(`${copy}-wal`, { force: true });
    if (existsSync(`${file}-wal`)) {
      copyFileSync(`${file}-wal`, `${copy}-wal`);
      chmodSync(`${copy}-wal`, 0o600);
    }
    if (stateOf(file) === before) return;
  }
  throw new OperatingError("io", `cannot read ${file}: a server writes to it; ask that one with --url`);
}

function stateOf(file: string): string {
  const states = [file, `${file}-wal`].map((path) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? "" : `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
  });
  return states.join("\n");
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
