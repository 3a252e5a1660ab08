// What the writer does when the machine's clock was set, while it runs or since it last did. In: looks, before each group and
// each tick. Invariant: what is remembered and what waits is as old after a jump as before it, in memory and in the file.

import { type Clock, systemClock } from "../core/clock.ts";
import { ClockWatch, DOUBT_FOR_MS } from "../core/clock_watch.ts";
import { DAY_MS } from "../core/limits.ts";
import { isStoreError } from "../store/database.ts";
import { journalEnd, keepDoubt, keptDoubt, moveJournal, newestReceipt } from "../store/journal_times.ts";
import type { RestoredState } from "../store/memory_tables.ts";
import type { StoreWriter } from "../store/store_writer.ts";
import type { EntryWorker } from "../worker/loop.ts";

/** A start so long after the newest record's receipt may be a wrong clock as well as a server that was off, in ms. */
const AWAY_MS_MAX = DAY_MS;
const HOLD_TEXT = `nothing is deleted by age because of it for ${DOUBT_FOR_MS / 60_000} minutes`;

export class ClockJumps {
  readonly #store: StoreWriter;
  readonly #log: (level: "info" | "warn", message: string) => void;
  readonly #wall: Clock;
  readonly #watch: ClockWatch;
  #jumpedAt: number | undefined;
  #isDoubtFromStart = false;
  /** What the file says of the doubt. */
  #keptDoubtMs: number;

  /** `steady` counts ms and is never set. */
  constructor(
    store: StoreWriter,
    log: (level: "info" | "warn", message: string) => void,
    wall: Clock = systemClock,
    steady: Clock = () => performance.now(),
  ) {
    this.#store = store;
    this.#log = log;
    this.#wall = wall;
    this.#watch = new ClockWatch(wall, steady);
    // A crash makes a doubtful clock no better.
    this.#keptDoubtMs = keptDoubt(store);
    this.#watch.doubt(this.#keptDoubtMs);
    const newest = newestReceipt(store) ?? journalEnd(store);
    const awayMs = newest === undefined ? 0 : wall() - newest;
    // A server may well have been off for a while, but not for less than nothing.
    if (awayMs >= 0 && awayMs <= AWAY_MS_MAX) return;
    this.#watch.doubt(this.#keptDoubtMs + awayMs);
    this.#isDoubtFromStart = this.#keptDoubtMs === 0;
    if (this.doubtMs > 0 && awayMs > 0)
      log("info", `the newest record was received ${lengthOf(awayMs)} ago; in case the clock is wrong, ${HOLD_TEXT}`);
    if (this.doubtMs < 0 && awayMs < 0)
      log("warn", `the newest record was received ${lengthOf(-awayMs)} after now: is the clock behind?`);
  }

  /** How far the clock may be ahead, in ms, below 0 for behind; 0 while it is believed. */
  get doubtMs(): number {
    return this.#watch.doubtMs;
  }

  /** What the clock said at the last look, Unix ms: to be used with the doubt, which knows of no later jump. */
  get now(): number {
    return this.#watch.now;
  }

  /** Looks whether the clock was set and has `worker` and the file follow it; answers what it says, Unix ms. */
  look(worker: Pick<EntryWorker, "clockJumped">): number {
    const jumpMs = this.#watch.look();
    // Not read again: it might have been set in between.
    const { now } = this.#watch;
    this.#keepDoubt();
    if (jumpMs === 0) return now;
    this.#jumpedAt = now;
    this.#isDoubtFromStart = false;
    worker.clockJumped(jumpMs, now);
    this.#attempt(() => moveJournal(this.#store, jumpMs));
    const way = jumpMs > 0 ? "ahead, or the machine slept" : "back";
    const hold = this.doubtMs > 0 ? `; ${HOLD_TEXT}` : "";
    this.#log("warn", `the machine's clock was set ${lengthOf(Math.abs(jumpMs))} ${way}${hold}`);
    return now;
  }

  /** Believes the clock where it was in doubt only because the server was away: on a full disk, age must make room. */
  believeStart(): void {
    if (this.#isDoubtFromStart) this.#watch.doubt(0);
  }

  /** What the worker begins with; what the file has of a later time than now was received by a clock set back since. */
  restore(): RestoredState {
    const now = this.#wall();
    const aheadMs = (journalEnd(this.#store) ?? 0) - now;
    if (aheadMs > 0) this.#attempt(() => moveJournal(this.#store, -aheadMs, now));
    return this.#store.restore();
  }

  /** When the process started, by the clock as it is now, or later; Unix ms. */
  startedAt(processStartedAt: number): number {
    return Math.min(this.#jumpedAt ?? processStartedAt, this.#wall());
  }

  #keepDoubt(): void {
    const doubtMs = this.doubtMs;
    if (doubtMs === this.#keptDoubtMs) return;
    this.#keptDoubtMs = doubtMs;
    this.#attempt(() => keepDoubt(this.#store, doubtMs));
  }

  /** A full disk stands in the way of nothing here: what is written matters to the next start alone. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }
}

/** "3 days", "2 hours" or "40 seconds". */
function lengthOf(ms: number): string {
  const [count, unit] =
    ms >= 2 * DAY_MS
      ? [ms / DAY_MS, "days"]
      : ms >= 7_200_000
        ? [ms / 3_600_000, "hours"]
        : ms >= 120_000
          ? [ms / 60_000, "minutes"]
          : [ms / 1000, "seconds"];
  return `${Math.round(count)} ${unit}`;
}
