// Flushes the redo log of a data file for a command that reads the file, so that it sees every batch that was answered.
// If a server has the file, its flush is awaited; if the server has ended or crashed, the groups are flushed here.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { DEFAULT_PROJECT, type Settings } from "../../config/settings.ts";
import { AgeClock } from "../../core/clock.ts";
import { OperatingError } from "../../core/errors.ts";
import { Ingester } from "../../ingest/ingester.ts";
import { openForReading } from "../../store/database.ts";
import { type DataLock, lockData } from "../../store/lock.ts";
import { type RedoState, redoState } from "../../store/redo_log.ts";
import { openStore } from "../../store/space/maintenance.ts";
import { GroupCommits } from "./group_commits.ts";

/** How long the server's flush is awaited, in ms: it flushes every 50 ms. */
const WAIT_MS_MAX = 5_000;
const LOOK_EVERY_MS = 5;

/** The part of the configuration that decides how entries become records. */
export type FlushRules = Pick<Settings, "timings" | "dedupe">;

/**
 * Resolves when a reader sees every batch that was durable at the call, or after WAIT_MS_MAX. Throws OperatingError.
 */
export async function flushFile(file: string, rules: FlushRules): Promise<void> {
  const before = stateOf(file);
  if (before === undefined || before.done === before.last) return;
  const giveUpAt = performance.now() + WAIT_MS_MAX;
  while (performance.now() < giveUpAt) {
    const lock = tryLock(file);
    if (lock !== undefined && isFlushedHere(lock, file, rules)) return;
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
    const now = stateOf(file);
    if (now === undefined || now.done >= before.last) return;
  }
}

/** Undefined where the file cannot be read: the next reader of it reports why. */
function stateOf(file: string): RedoState | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const database = openForReading(file);
    try {
      return redoState(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof OperatingError) return undefined;
    throw error;
  }
}

/** Undefined while a server has it. */
function tryLock(file: string): DataLock | undefined {
  try {
    return lockData(file);
  } catch (error) {
    if (error instanceof OperatingError && error.code === "data_locked") return undefined;
    throw error;
  }
}

/**
 * No pending timing is expired or pushed out here: the server does that. What becomes of the groups' entries was
 * decided when they came.
 */
const NO_LIMITS = { openMax: 1e12, openBytesMax: 1e15, clientShare: 1 } as const;

/** Flushes under the lock; false where another process writes the file after all. */
function isFlushedHere(lock: DataLock, file: string, rules: FlushRules): boolean {
  try {
    flushGroups(file, rules);
    return true;
  } catch (error) {
    if (error instanceof OperatingError && error.code === "data_locked") return false;
    throw error;
  } finally {
    lock.release();
  }
}

function flushGroups(file: string, { timings, dedupe }: FlushRules): void {
  const run = randomUUID();
  const store = openStore(file, "sync", run);
  // The lock is on a path; a server may have opened the same file by another path.
  store.expectNoOtherWriter();
  try {
    const clock = new AgeClock({ saved: store.clock() });
    const ingester = new Ingester({
      state: store.restore(),
      pairing: { ...timings, ...NO_LIMITS },
      requests: { ...dedupe, clientShare: 1 },
      run,
      rules: { keys: [], projects: {}, defaultProject: DEFAULT_PROJECT },
      deadlinesFrom: clock.reading.steady + timings.orphanGraceMs,
      clock: clock.reading,
    });
    const commits = new GroupCommits({ store, file, run, clock, usesRedoLog: false }, ingester);
    if (commits.hasUnflushed) commits.flush();
  } finally {
    store.close();
  }
}
