// Makes groups durable. In: checked groups, one at a time. Out: each is durable when its call returns. Under load a
// small group is appended to the redo log as it came, and one transaction flushes many of them to the tables; every
// other group is committed to the tables at once, with all that are in the redo log. Invariant: the groups of the redo
// log are staged in the ingester, in the same order.
//
// Measured with one entry a request, 64 connections: see store/redo_log.ts for what a group costs.

import type { GroupWrite } from "../../commit/group_write.ts";
import {
  BATCH_MEMBERS,
  batchesOf,
  type RedoBatch,
  type RedoGroup,
  type RedoKey,
  redoText,
} from "../../commit/redo_group.ts";
import type { AgeClock, ClockReading } from "../../core/clock.ts";
import type { StoreSnapshot } from "../../core/telemetry.ts";
import type { CheckedGroup } from "../../ingest/batch_checks.ts";
import type { Ingester } from "../../ingest/ingester.ts";
import { type IngestRules, projectRules } from "../../ingest/rules.ts";
import type { IngestCounts } from "../../ingest/usage.ts";
import { bytesWrittenByProcess } from "../../runtime/process_io.ts";
import { spaceUsed } from "../../store/disk_space.ts";
import type { StoreWriter } from "../../store/store_writer.ts";

/** Groups stay in the redo log for so many ms at most, so that their entries are soon in the figures and in tails. */
const UNFLUSHED_MS_MAX = 50;
/** A group comes under load if it comes within so many ms after the one before. */
const BUSY_MS_MAX = 5;

/** How often old changes of the state log are deleted, in ms. */
const PRUNE_EVERY_MS = 5_000;
/**
 * How often the clock's reading is written while nothing else is, in ms, so that a crash does not look like a long
 * absence.
 */
const CLOCK_EVERY_MS = 3_600_000;

/** How often the sizes on disk are looked up, in ms. */
const SIZES_EVERY_MS = 1_000;

/** What commits need. */
export interface GroupCommitsOptions {
  readonly store: StoreWriter;
  /** The path of the data file. */
  readonly file: string;
  /** Identifies this run of the process. */
  readonly run: string;
  /** Every write carries its last reading. */
  readonly clock: AgeClock;
  /** Whether the redo log is used: only where answers wait for the disk. */
  readonly usesRedoLog: boolean;
}

/** The commits of one writer. */
export class GroupCommits {
  readonly #options: GroupCommitsOptions;
  #ingester: Ingester;
  /** While groups are unflushed: the figures before them. */
  #counts: IngestCounts;
  /** When the oldest unflushed group came, monotonic ms; Infinity where none is. */
  #unflushedSince = Number.POSITIVE_INFINITY;
  #lastGroupAt = Number.NEGATIVE_INFINITY;
  /** Bytes of the bodies whose batches were committed to the tables since this thread began. */
  #bytesReceived = 0;
  #sizes = { bytesOnDisk: 0, bytesWritten: 0 };
  #sizesAt = Number.NEGATIVE_INFINITY;
  #pruneAt = 0;
  #writtenAt = performance.now();

  /** `ingester` as `restored` takes it. */
  constructor(options: GroupCommitsOptions, ingester: Ingester) {
    this.#options = options;
    this.#ingester = ingester;
    this.#counts = ingester.counts();
    this.restored(ingester);
  }

  /** The figures as of the last commit to the tables; sizes on disk are up to a second old. */
  snapshot(): StoreSnapshot {
    const { store, file } = this.#options;
    const now = performance.now();
    if (now - this.#sizesAt > SIZES_EVERY_MS) {
      const bytesOnDisk = spaceUsed(store.database, file).onDisk;
      this.#sizes = { bytesOnDisk, bytesWritten: bytesWrittenByProcess() ?? store.bytesHanded };
      this.#sizesAt = now;
    }
    const { size: blocks, records } = store.catalog;
    const counts = this.hasUnflushed ? this.#counts : this.#ingester.counts();
    return { ...counts, bytesReceived: this.#bytesReceived, blocks, records, ...this.#sizes };
  }

  /** Whether groups are in the redo log and not in the tables. */
  get hasUnflushed(): boolean {
    return this.#options.store.redo.size > 0;
  }

  /** Takes an ingester made anew from the tables, and stages the groups of the redo log in it. */
  restored(ingester: Ingester): void {
    const { store, run } = this.#options;
    this.#ingester = ingester;
    this.#counts = ingester.counts();
    for (const group of store.redo.unflushed()) {
      // Batch numbers start again with each run.
      const lastBatch = group.run === run ? group.lastBatch : undefined;
      const batches = batchesOf(group.text, keysOf(group.keys), group.members);
      // It was answered by the clock of that time.
      const clock = clockOf(group, batches);
      for (const { identity, number, isRepetition } of batches) {
        if (identity === undefined) continue;
        const at = clock.steady;
        // Of a process that ended at once: whether its answer was received is not known.
        const isOtherRun = group.run !== run;
        if (isRepetition) ingester.requests.absorb(identity, isOtherRun ? undefined : number, at, isOtherRun);
        else ingester.requests.admit(identity, isOtherRun ? undefined : number, at, isOtherRun);
      }
      ingester.stage(batches, lastBatch, clock);
    }
    this.#unflushedSince = this.hasUnflushed ? performance.now() : Number.POSITIVE_INFINITY;
  }

  /**
   * Makes a group durable; whether it is in the tables, not in the redo log only. `mayAppend`: it may stay in the redo
   * log for a while. Throws SQLite's error: then the ingester must be made anew.
   */
  commitGroup(group: CheckedGroup, rules: IngestRules, mayAppend: boolean): boolean {
    if (!this.hasUnflushed) this.#counts = this.#ingester.counts();
    this.#ingester.stage(group.batches, group.lastBatch, this.#options.clock.reading);
    const now = performance.now();
    const isUnderLoad = now - this.#lastGroupAt < BUSY_MS_MAX;
    const isSoon = now - this.#unflushedSince < UNFLUSHED_MS_MAX;
    const isAppended = isUnderLoad && mayAppend && this.#options.usesRedoLog && isSoon && this.#append(group, rules);
    if (!isAppended) this.flush();
    this.#lastGroupAt = performance.now();
    return !isAppended;
  }

  /** Commits everything that is staged to the tables, the groups of the redo log among it. Throws SQLite's error. */
  flush(): void {
    this.commit(this.#ingester.take());
  }

  /** Commits what the ingester has returned: everything that was staged. Throws SQLite's error. */
  commit(write: GroupWrite): void {
    this.#options.store.commit(write, this.#options.clock.reading);
    this.#writtenAt = performance.now();
    this.#ingester.committed();
    this.#bytesReceived += write.bytesReceived;
    this.#unflushedSince = Number.POSITIVE_INFINITY;
  }

  /** Now and then, deletes changes of the state log that are not needed any more. Throws SQLite's error. */
  prune(): void {
    if (performance.now() < this.#pruneAt) return;
    this.#pruneAt = performance.now() + PRUNE_EVERY_MS;
    const { steady } = this.#options.clock.reading;
    for (const { kind, before } of this.#ingester.stateLogNeeds(steady))
      this.#options.store.pruneStateLog(kind, before);
  }

  /** Whether to flush now: unflushed groups have waited long enough, or nothing was written for long. */
  isDue(): boolean {
    const now = performance.now();
    return now - this.#unflushedSince >= UNFLUSHED_MS_MAX || now - this.#writtenAt >= CLOCK_EVERY_MS;
  }

  /** Appends a group to the redo log; false where it is too large, may not be stored as it came, or the log is full. */
  #append({ batches, lastBatch }: CheckedGroup, rules: IngestRules): boolean {
    const text = redoText(batches);
    if (text === undefined) return false;
    const described: RedoKey[] = [];
    for (const { keyIndex, key } of batches) {
      if (described.some(({ index }) => index === keyIndex)) continue;
      described.push({ index: keyIndex, ...key, rules: projectRules(rules, key.project) });
    }
    const isAppended = this.#options.store.appendToRedoLog({
      lastBatch,
      keys: described,
      members: BATCH_MEMBERS,
      text,
      clock: this.#options.clock.reading,
    });
    if (isAppended && this.#unflushedSince === Number.POSITIVE_INFINITY) this.#unflushedSince = performance.now();
    return isAppended;
  }
}

/** The clock's reading when a group came. Before format 4 only its receipt and the suspected clock offset are known. */
function clockOf({ clock, doubtMs = 0 }: RedoGroup, batches: readonly RedoBatch[]): ClockReading {
  const receivedAt = batches.at(-1)?.receivedAt ?? 0;
  return clock ?? { wall: receivedAt, steady: receivedAt, trusted: receivedAt - doubtMs };
}

/** Keys by the index that the group's batches carry. */
function keysOf(keys: readonly RedoKey[]): (RedoKey | undefined)[] {
  const byIndex: (RedoKey | undefined)[] = [];
  for (const key of keys) byIndex[key.index] = key;
  return byIndex;
}
