// An erasure on a data file that no server holds.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { EraseReport } from "../../core/account_responses.ts";
import { OperatingError } from "../../core/errors.ts";
import { openForReading, type ReadAccess } from "../database.ts";
import { lockData } from "../lock.ts";
import { openStore } from "../maintenance.ts";
import { ReserveFile } from "../space/reserve.ts";
import { isRoomScarce, setCheckpointSize } from "../space/space.ts";
import { countSteps, eraseSteps } from "./erase.ts";
import type { EraseProgress } from "./erase_progress.ts";
import type { EraseScope } from "./erase_scope.ts";

export interface EraseFileOptions {
  readonly file: string;
  readonly scope: EraseScope;
  /** Counts what would go and changes nothing; also while a server runs. */
  readonly dryRun?: boolean;
  /** How it is opened to count. */
  readonly access?: ReadAccess;
  readonly onProgress?: (progress: EraseProgress) => void;
}

/**
 * Removes every record of the scope for good and says how much that was. Throws OperatingError: data_locked while a server
 * runs on the file, data_unreadable, io.
 */
export function eraseRecords(options: EraseFileOptions): EraseReport {
  const { file, scope, dryRun = false, onProgress } = options;
  if (dryRun) return countRecords(options);
  if (!existsSync(file))
    throw new OperatingError("data_unreadable", `cannot erase from ${file}: there is no such file`);
  const lock = lockData(file);
  // Taking records out of a block needs room for the rest of it, before the room of the block itself is free.
  const reserve = new ReserveFile(file);
  const isReserveNeeded = reserve.isThere && isRoomScarce(file);
  if (isReserveNeeded) reserve.remove();
  try {
    const store = openStore(file, "sync", randomUUID());
    if (store.redo.size > 0) {
      store.close();
      throw new OperatingError(
        "io",
        `cannot erase from ${file}: the latest batches could not be written; is the disk full?`,
      );
    }
    setCheckpointSize(store.database, file);
    try {
      const [forgetWaiting, forgetTouchpoints] = [() => undefined, () => undefined];
      return finish(eraseSteps({ store, file, scope, forgetWaiting, forgetTouchpoints }), onProgress);
    } finally {
      store.close();
    }
  } finally {
    if (isReserveNeeded) reserve.make();
    lock.release();
  }
}

function countRecords({ file, scope, access, onProgress }: EraseFileOptions): EraseReport {
  const database = openForReading(file, access);
  try {
    return finish(countSteps(database, scope), onProgress);
  } finally {
    database.close();
  }
}

function finish(
  steps: Generator<EraseProgress, EraseReport>,
  onProgress: ((progress: EraseProgress) => void) | undefined,
): EraseReport {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    onProgress?.(step.value);
  }
}
