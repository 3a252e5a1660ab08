// Files that hold logs, or lie beside one that does: made for one user alone, never through a symbolic link, and where
// root makes them in another user's folder, for the user who has the data. SQLite does the same for the files that it
// makes beside its own.

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  lstatSync,
  openSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { OperatingError } from "../core/errors.ts";

const MODE_PRIVATE = 0o600;
/** What a file takes of the data file's mode: never that others may use it. */
const MODE_SHARED = 0o660;
/** New, and no link that somebody has put there. */
const NEW_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/**
 * Makes a file that is not there, empty and for this user alone. A file that is there keeps its mode. Never while this
 * process has the file open: closing it would drop SQLite's locks (POSIX).
 */
export function makePrivate(file: string): void {
  if (statOf(file) !== undefined) return;
  try {
    closeSync(openSync(file, NEW_FILE, MODE_PRIVATE));
  } catch (error) {
    // Whatever is wrong, SQLite says it next.
    if (!(error instanceof Error)) throw error;
  }
}

/**
 * Makes a file beside a data file, which need not be there yet: with its mode, and its owner where root makes it;
 * without it, with the folder's owner. As makePrivate. Throws OperatingError("io") for a link, a folder, or a file that
 * other names lead to.
 */
export function makeBeside(dataFile: string, file: string): void {
  const data = statOf(dataFile);
  const owner = data ?? statOf(dirname(dataFile));
  const found = statOf(file);
  if (found === undefined) {
    makeFor(file, owner, data === undefined ? MODE_PRIVATE : data.mode & MODE_SHARED);
    return;
  }
  if (!found.isFile()) throw new OperatingError("io", `cannot use ${file}: it is ${kindOf(found)}; remove it`);
  // What an earlier version made as root.
  if (owner !== undefined && isRoot() && found.uid !== owner.uid && found.nlink === 1) {
    lchownSync(file, owner.uid, owner.gid);
    if (data !== undefined) chmodSync(file, data.mode & MODE_SHARED);
  }
}

function makeFor(file: string, owner: Stats | undefined, mode: number): void {
  let handle: number | undefined;
  try {
    handle = openSync(file, NEW_FILE, MODE_PRIVATE);
    if (owner !== undefined && isRoot()) fchownSync(handle, owner.uid, owner.gid);
    fchmodSync(handle, mode);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Of the name itself, not of what a link leads to; undefined where nothing is there, or cannot be looked at. */
function statOf(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch {
    return undefined;
  }
}

function kindOf(found: Stats): string {
  return found.isSymbolicLink() ? "a symbolic link" : found.isDirectory() ? "a folder" : "no file";
}
