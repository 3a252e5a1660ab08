// How what the worker has staged gets to the disk. In: groups, one at a time. Out: each is durable when its call returns. Under load
// a small group is kept in the redo log as it came, and many are then written in full by one transaction; every other group is
// written at once, with all that was kept before it. Invariant: what is kept is staged in the worker, in the same order.
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
import type { CheckedGroup } from "../../ingest/check.ts";
import type { EntryWorker } from "../../ingest/loop.ts";
import { projectRules, type WorkerRules } from "../../ingest/options.ts";
import type { WorkerCounts } from "../../ingest/usage.ts";
import type { StoreWriter } from "../../store/store_writer.ts";

/** Kept groups are written after this, in ms, so that what was answered is soon in the figures and in tails. */
const KEPT_MS_MAX = 50;
/** A group so soon after the one before says that more will come, in ms. */
const BUSY_MS_MAX = 5;

/** How often old changes of the state log are deleted, in ms. */
const PRUNE_EVERY_MS = 5_000;
/** How often the clock's reading is written while nothing else is, in ms: a crash must not look like a long time away. */
const WRITE_EVERY_MS = 3_600_000;

export interface GroupCommitsOptions {
  readonly store: StoreWriter;
  /** Names this run of the process. */
  readonly run: string;
  /** Its last reading holds for whatever is written. */
  readonly clock: AgeClock;
  /** Whether groups may be kept at all: only where their answers wait for the disk. */
  readonly mayKeep: boolean;
}

export class GroupCommits {
  readonly #options: GroupCommitsOptions;
  #worker: EntryWorker;
  /** While groups are kept: what the figures were before. */
  #counts: WorkerCounts;
  /** When the oldest kept group was, monotonic ms. */
  #keptSince = Number.POSITIVE_INFINITY;
  #lastGroupAt = Number.NEGATIVE_INFINITY;
  #bytesReceived = 0;
  #pruneAt = 0;
  #writtenAt = performance.now();

  /** `worker` as `restored` takes it. */
  constructor(options: GroupCommitsOptions, worker: EntryWorker) {
    this.#options = options;
    this.#worker = worker;
    this.#counts = worker.counts();
    this.restored(worker);
  }

  /** Figures as of the last transaction that wrote in full. */
  get counts(): WorkerCounts {
    return this.isBehind ? this.#counts : this.#worker.counts();
  }

  /** Of the bodies whose batches were written in full since this thread began. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Whether kept groups wait to be written. */
  get isBehind(): boolean {
    return this.#options.store.redo.size > 0;
  }

  /** A worker made anew from the file, which does not know yet of what was kept. */
  restored(worker: EntryWorker): void {
    const { store, run } = this.#options;
    this.#worker = worker;
    this.#counts = worker.counts();
    for (const group of store.redo.waiting()) {
      // Numbers of batches begin again with each run.
      const lastBatch = group.run === run ? group.lastBatch : undefined;
      const batches = batchesOf(group.text, keysOf(group.keys), group.members);
      // It was answered by the clock of its time.
      const clock = clockOf(group, batches);
      for (const { identity, number, isRepetition } of batches) {
        if (identity === undefined) continue;
        const at = clock.steady;
        // Kept by a process that ended at once: nobody was heard of to have got the answer.
        const isOther = group.run !== run;
        if (isRepetition) worker.requests.absorb(identity, isOther ? undefined : number, at, isOther);
        else worker.requests.admit(identity, isOther ? undefined : number, at, isOther);
      }
      worker.stage(batches, lastBatch, clock);
    }
    this.#keptSince = this.isBehind ? performance.now() : Number.POSITIVE_INFINITY;
  }

  /**
   * Makes a group durable; answers whether it was written in full, or only kept. Throws SQLite's error: the worker is of no use
   * then.
   */
  group(group: CheckedGroup, rules: WorkerRules, isKeepable: boolean): boolean {
    if (!this.isBehind) this.#counts = this.#worker.counts();
    this.#worker.stage(group.batches, group.lastBatch, this.#options.clock.reading);
    const now = performance.now();
    const isBusy = now - this.#lastGroupAt < BUSY_MS_MAX;
    const mayKeep = isBusy && isKeepable && this.#options.mayKeep && now - this.#keptSince < KEPT_MS_MAX;
    const isKept = mayKeep && this.#keep(group, rules);
    if (!isKept) this.write();
    this.#lastGroupAt = performance.now();
    return !isKept;
  }

  /** Writes everything that is staged. Throws SQLite's error. */
  write(): void {
    this.commit(this.#worker.take());
  }

  /** Writes what the worker gave: everything that was staged. Throws SQLite's error. */
  commit(write: GroupWrite): void {
    this.#options.store.commit(write, this.#options.clock.reading);
    this.#writtenAt = performance.now();
    this.#worker.committed();
    this.#bytesReceived += write.bytesReceived;
    this.#keptSince = Number.POSITIVE_INFINITY;
  }

  /** Now and then, deletes changes of the state log that are not needed any more. Throws SQLite's error. */
  prune(): void {
    if (performance.now() < this.#pruneAt) return;
    this.#pruneAt = performance.now() + PRUNE_EVERY_MS;
    const { steady } = this.#options.clock.reading;
    for (const { kind, before } of this.#worker.stateLogNeeds(steady)) this.#options.store.pruneStateLog(kind, before);
  }

  /** Whether kept groups have waited long enough, or nothing was written for long. */
  isDue(): boolean {
    const now = performance.now();
    return now - this.#keptSince >= KEPT_MS_MAX || now - this.#writtenAt >= WRITE_EVERY_MS;
  }

  #keep({ batches, lastBatch }: CheckedGroup, rules: WorkerRules): boolean {
    const text = redoText(batches);
    if (text === undefined) return false;
    const described: RedoKey[] = [];
    for (const { keyIndex, key } of batches) {
      if (described.some(({ index }) => index === keyIndex)) continue;
      described.push({ index: keyIndex, ...key, rules: projectRules(rules, key.project) });
    }
    const isKept = this.#options.store.keep({
      lastBatch,
      keys: described,
      members: BATCH_MEMBERS,
      text,
      clock: this.#options.clock.reading,
    });
    if (isKept && this.#keptSince === Number.POSITIVE_INFINITY) this.#keptSince = performance.now();
    return isKept;
  }
}

/** How the clock was when a group came; before format 4 only its receipt is known, and how far the clock was suspected then. */
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
