// A data file whose server ended, or that is read beside its server: what is durable but not written in full is written, or its
// writing is waited for. So a command sees every batch that was answered, also after a crash and without a start.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { DEFAULT_PROJECT, type Settings } from "../../config/settings.ts";
import { AgeClock } from "../../core/clock.ts";
import { OperatingError } from "../../core/errors.ts";
import { EntryWorker } from "../../ingest/loop.ts";
import { openForReading } from "../../store/database.ts";
import { type DataLock, lockData } from "../../store/lock.ts";
import { type RedoState, redoState } from "../../store/redo_log.ts";
import { openStore } from "../../store/space/maintenance.ts";
import { GroupCommits } from "./group_commits.ts";

/** How long the server's writing is waited for, in ms: it writes every 50 ms. */
const WAIT_MS_MAX = 5_000;
const LOOK_EVERY_MS = 5;

/** What says how entries become records. */
export type SettleRules = Pick<Settings, "timings" | "dedupe">;

/** Resolves when a reader sees all that was durable at the call. Throws OperatingError. */
export async function settleFile(file: string, rules: SettleRules): Promise<void> {
  const before = stateOf(file);
  if (before === undefined || before.done === before.last) return;
  const giveUpAt = performance.now() + WAIT_MS_MAX;
  while (performance.now() < giveUpAt) {
    const lock = tryLock(file);
    if (lock !== undefined && wasWritten(lock, file, rules)) return;
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
    const now = stateOf(file);
    if (now === undefined || now.done >= before.last) return;
  }
}

/** Undefined where the file cannot be read: whoever reads it next says why. */
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

/** Nothing is ended or pushed out here: that is the server's. What the groups become they were told when they came. */
const NO_LIMITS = { openMax: 1e12, openBytesMax: 1e15, clientShare: 1 } as const;

/** False where somebody else writes the file after all. */
function wasWritten(lock: DataLock, file: string, rules: SettleRules): boolean {
  try {
    writeWaiting(file, rules);
    return true;
  } catch (error) {
    if (error instanceof OperatingError && error.code === "data_locked") return false;
    throw error;
  } finally {
    lock.release();
  }
}

function writeWaiting(file: string, { timings, dedupe }: SettleRules): void {
  const run = randomUUID();
  const store = openStore(file, "sync", run);
  // A lock is on a name; a server may have the same file by another one.
  store.expectUntouched();
  try {
    const clock = new AgeClock({ saved: store.clock() });
    const worker = new EntryWorker({
      state: store.restore(),
      pairing: { ...timings, ...NO_LIMITS },
      requests: { ...dedupe, clientShare: 1 },
      run,
      rules: { keys: [], projects: {}, defaultProject: DEFAULT_PROJECT },
      deadlinesFrom: clock.reading.steady + timings.orphanGraceMs,
      clock: clock.reading,
    });
    const commits = new GroupCommits({ store, run, clock, mayKeep: false }, worker);
    if (commits.isBehind) commits.write();
  } finally {
    store.close();
  }
}
