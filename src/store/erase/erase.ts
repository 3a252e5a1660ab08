// Deletes every record of a scope for good: from blocks, from pending timings and from dropped entries, and what the
// other tables say of them. In: a store that this process alone writes, or a data file that no server uses. Out: short
// steps, so that groups are written between them, and at the end how much was deleted.
//
// It deletes what is there when it starts, and what arrives while it reads the blocks; what arrives later stays. A step
// that fails ends it: what was deleted until then stays deleted, and the same erasure again finds the rest. Meanwhile,
// no block of the project may be merged, or records could escape it.
//
// The bytes: SQLite overwrites with zeros what these transactions delete (secure_delete, in these transactions only:
// with 105 MB deleted it took 444 ms on and 4 ms off). Pages that were free before may hold earlier copies: they are
// cut from the file. The log is emptied as far as readers allow. Gaps in pages can still hold what SQLite moved
// earlier: only compacting removes that. Measured on one core with full blocks of 65,536 records: 4 ms to search a
// block without a match, 200 ms to write one again, in steps of mostly under 50 ms, the longest 120 ms.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { ErasedTiming } from "../../commit/pending_timing.ts";
import type { EraseReport } from "../../core/account_responses.ts";
import { OperatingError } from "../../core/errors.ts";
import type { Database } from "../../runtime/contract/database.ts";
import { openForReading, type ReadAccess } from "../database.ts";
import { isRoomScarce, setCheckpointSize, spaceUsed, tryCheckpointFully, vacuumStep } from "../disk_space.ts";
import { lockData } from "../lock.ts";
import { openStore } from "../space/maintenance.ts";
import { ReserveFile } from "../space/reserve.ts";
import type { StoreWriter } from "../store_writer.ts";
import { countBlocks, eraseBlocks } from "./blocks.ts";
import { type EraseProgress, type EraseScope, isWhole, progress, securely } from "./scope.ts";
import {
  findPending,
  findRejected,
  lastPendingId,
  removeAmbiguous,
  removePending,
  removeRejected,
  removeUnregistered,
  removeUnusedNames,
} from "./tables.ts";

/** Items of what waits that one step looks at. */
const WAITING_A_STEP = 2_000;
/** How long one step of giving space back takes, in ms. */
const STEP_MS = 20;
/** How long readers may keep the log from being emptied, in ms: then that is left to the next checkpoint. */
const BLOCKED_MS_MAX = 5_000;

export interface EraseOptions {
  readonly store: StoreWriter;
  readonly file: string;
  readonly scope: EraseScope;
  /** Touchpoints of records that are elsewhere: they stay in the list. Default: none. */
  readonly touchpointsElsewhere?: readonly string[] | undefined;
  /** Called with the pending timings that were deleted from the file, so that memory forgets them too. */
  readonly forgetPending: (erased: readonly ErasedTiming[]) => void;
  /** Called with the touchpoints that left the project's list: not registered, and without a record. */
  readonly forgetTouchpoints: (names: readonly string[]) => void;
}

/** Erases, a step at each call. Throws SQLite's error. */
export function* eraseSteps(options: EraseOptions): Generator<EraseProgress, EraseReport> {
  const { store, scope } = options;
  const project = store.projects.idOf(scope.project);
  if (project === undefined) return NOTHING_ERASED;
  const { database } = store;
  // Groups as they came, of which every record is in a block by now.
  securely(database, () => store.clearRedoLog());
  const rejected = findRejected(database, project, scope);
  if (rejected.rejections.length + rejected.setAside.length > 0) {
    securely(database, () => store.transaction(() => removeRejected(database, rejected)));
  }
  // Before the blocks: what waits must not become a record behind their back.
  const waiting = yield* erasePending(options, project);
  const blocks = yield* eraseBlocks(store, project, scope);
  securely(database, () => store.transaction(() => removeAmbiguous(database, project)));
  options.forgetTouchpoints(
    isWhole(scope)
      ? securely(database, () => store.transaction(() => removeUnregistered(database, project)))
      : yield* removeUnusedNames(store, project, options.touchpointsElsewhere),
  );
  yield* giveSpaceBack(options);
  yield* emptyLog(store);
  return { ...blocks, rejections: rejected.rejections.length, waiting };
}

/** Counts what `eraseSteps` would remove, changing nothing; a connection that only reads is enough. */
export function* countSteps(database: Database, scope: EraseScope): Generator<EraseProgress, EraseReport> {
  const row = database.query("SELECT id FROM projects WHERE name = ?").get(scope.project) as { id: number } | null;
  if (row === null) return NOTHING_ERASED;
  const { rejections } = findRejected(database, row.id, scope);
  let waiting = 0;
  const upTo = lastPendingId(database);
  for (let after = 0; ; ) {
    const found = findPending(database, scope, { after, upTo, limit: WAITING_A_STEP });
    if (found === undefined) break;
    waiting += found.erased.length;
    after = found.last;
    yield progress("waiting", after, upTo);
  }
  const blocks = yield* countBlocks(database, row.id, scope);
  return { ...blocks, rejections: rejections.length, waiting };
}

const NOTHING_ERASED: EraseReport = { records: 0, blocks: 0, rejections: 0, waiting: 0 };

function* erasePending(
  { store, scope, forgetPending }: EraseOptions,
  project: number,
): Generator<EraseProgress, number> {
  const { database } = store;
  const upTo = lastPendingId(database);
  let count = 0;
  for (let after = 0; ; ) {
    const found = findPending(database, scope, { after, upTo, limit: WAITING_A_STEP });
    if (found === undefined) return count;
    const { erased, last } = found;
    if (erased.length > 0) {
      securely(database, () => store.transaction(() => removePending(database, project, erased)));
      forgetPending(erased);
    }
    count += erased.length;
    after = last;
    yield progress("waiting", after, upTo);
  }
}

/** Until nothing of what was free is left in the file: freed pages hold earlier copies. */
function* giveSpaceBack({ store, file }: EraseOptions): Generator<EraseProgress, void> {
  const { free: total } = spaceUsed(store.database, file);
  for (let isMore = total > 0; isMore; ) {
    for (const endAt = performance.now() + STEP_MS; isMore && performance.now() < endAt; ) {
      isMore = vacuumStep(store.database, 0);
    }
    const { free } = spaceUsed(store.database, file);
    yield progress("space", Math.max(0, total - free), total);
    isMore = free > 0;
  }
}

/** The log has the pages as they were, until it is copied into the file and cut. */
function* emptyLog({ database }: StoreWriter): Generator<EraseProgress, void> {
  const giveUpAt = performance.now() + BLOCKED_MS_MAX;
  while (!tryCheckpointFully(database) && performance.now() < giveUpAt) yield progress("log", 0, 1, true);
}

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
 * Removes every record of the scope for good and says how much that was. Throws OperatingError: data_locked while a
 * server runs on the file, data_unreadable, io.
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
      const [forgetPending, forgetTouchpoints] = [() => undefined, () => undefined];
      return finish(eraseSteps({ store, file, scope, forgetPending, forgetTouchpoints }), onProgress);
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
    // All of it in one state of the file: a server may merge blocks and remove them meanwhile.
    database.run("BEGIN");
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
