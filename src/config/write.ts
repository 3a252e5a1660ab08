// Configuration files on disk: made with mode 0600, replaced in one step. Whoever reads one, a reload included, sees the
// old text or the new one, never half of either.

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

/**
 * Replaces a file in one step, through a symbolic link, keeping its owner, and its mode unless another is given.
 * Errors: io; the old file is then untouched.
 */
export async function writeConfigFile(
  file: string,
  text: string,
  options: { readonly mode?: number } = {},
): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await realpath(file);
    const { mode, uid, gid } = await stat(target);
    const path = join(dirname(target), `.simplelogs-${randomBytes(6).toString("hex")}.tmp`);
    const handle = await open(path, "wx", MODE_PRIVATE);
    temporary = path;
    await writeAndSync(handle, text);
    if (process.platform !== "win32") {
      const made = await stat(temporary);
      // Before the mode, which a change of owner may reduce. When it fails the server could lose its file: so give up.
      if (made.uid !== uid || made.gid !== gid) await chown(temporary, uid, gid);
      await chmod(temporary, options.mode ?? mode & 0o777);
    }
    await rename(temporary, target);
    temporary = undefined;
    await syncFolder(dirname(target));
  } catch (error) {
    throw new OperatingError("io", `cannot write ${file}: ${errorCode(error)}`, { cause: error });
  } finally {
    if (temporary !== undefined) await rm(temporary, { force: true });
  }
}
