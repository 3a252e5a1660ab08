// Writes configuration files: new ones with mode 0600, existing ones replaced in one step, so a reader sees the old
// text or the new. If the system does not allow that (a file mounted into a container by itself, a folder that another
// user owns), the file is overwritten. A reader that sees it change while reading must read again, as the reload does.

import { randomBytes } from "node:crypto";
import { chmod, chown, type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OperatingError } from "../core/errors.ts";

/** Secrets are in these files. */
const MODE_PRIVATE = 0o600;

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

async function writeAndSync(handle: FileHandle, text: string): Promise<void> {
  try {
    await handle.writeFile(text, "utf8");
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename or a new file outlast a power cut; not every system lets a folder be synced. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Nothing to do about it: the file itself is synced.
  }
}

/**
 * Makes a new file that only its owner can read.
 * Errors: usage when there is one already, io.
 */
export async function createConfigFile(file: string, text: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, "wx", MODE_PRIVATE);
  } catch (error) {
    if (errorCode(error) === "EEXIST") {
      throw new OperatingError("usage", `cannot make ${file}: it exists; --force replaces it, keys included`);
    }
    throw new OperatingError("io", `cannot make ${file}: ${errorCode(error)}`, { cause: error });
  }
  try {
    await writeAndSync(handle, text);
  } catch (error) {
    await rm(file, { force: true });
    throw new OperatingError("io", `cannot write ${file}: ${errorCode(error)}`, { cause: error });
  }
  await syncFolder(dirname(file));
}

/** The errors of a file that cannot be replaced: a mount point, another disk, a folder of another user. */
const IRREPLACEABLE: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", "EPERM", "EACCES", "EROFS"]);

/** Puts a new file in its place, through a symbolic link, keeping owner and mode. Throws the system's error. */
async function replace(target: string, text: string, wantedMode: number | undefined): Promise<void> {
  const path = join(dirname(target), `.simplelogs-${randomBytes(6).toString("hex")}.tmp`);
  const { mode, uid, gid } = await stat(target);
  const handle = await open(path, "wx", MODE_PRIVATE);
  try {
    await writeAndSync(handle, text);
    if (process.platform !== "win32") {
      const made = await stat(path);
      // Before the mode, which a change of owner may reduce. When it fails the server could lose its file: so give up.
      if (made.uid !== uid || made.gid !== gid) await chown(path, uid, gid);
      await chmod(path, wantedMode ?? mode & 0o777);
    }
    await rename(path, target);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/**
 * Writes over the file itself: its owner and mode stay. It is cut only after the text is there, so it is never empty,
 * and the old text is restored if that fails. Throws the system's error.
 */
async function overwrite(target: string, text: string, wantedMode: number | undefined): Promise<void> {
  const handle = await open(target, "r+");
  try {
    const before = await handle.readFile();
    try {
      await writeOver(handle, Buffer.from(text, "utf8"));
    } catch (error) {
      await writeOver(handle, before);
      throw error;
    }
    if (wantedMode !== undefined && process.platform !== "win32") await handle.chmod(wantedMode);
  } finally {
    await handle.close();
  }
}

async function writeOver(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
  await handle.truncate(bytes.length);
  await handle.sync();
}

/**
 * Replaces a file's text in one step, through a symbolic link, keeping its owner, and its mode unless another is given;
 * where no other file may take its place, writes over it.
 * Errors: io; the old text is then untouched.
 */
export async function writeConfigFile(
  file: string,
  text: string,
  options: { readonly mode?: number } = {},
): Promise<void> {
  try {
    const target = await realpath(file);
    try {
      await replace(target, text, options.mode);
    } catch (error) {
      if (!IRREPLACEABLE.has(errorCode(error))) throw error;
      await overwrite(target, text, options.mode);
    }
  } catch (error) {
    throw new OperatingError("io", `cannot write ${file}: ${errorCode(error)}`, { cause: error });
  }
}
