// What the writer does beside groups: retention, giving space back, pruning, and coming back from a full disk. Each call is
// a short step, so that ingestion waits for none of it.

import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { Durability } from "../core/intake.ts";
import { isStoreError } from "./database.ts";
import { ReserveFile } from "./reserve.ts";
import { blocksToRemove, REMOVE_BLOCKS_MAX } from "./retention.ts";
import { checkpointFully, freeBytes, setCheckpointSize, spaceUsed, vacuumStep } from "./space.ts";
import { StoreWriter } from "./store_writer.ts";

/** How often retention looks for expired blocks, in ms. */
const RETENTION_EVERY_MS = 10_000;
/** Part of the file that may lie free while there is work to do; a quiet server gives everything back. */
const FREE_SHARE_MAX = 0.25;
/** Part of the bound that blocks keep in any case, whatever waits and is remembered beside them. */
const BLOCKS_SHARE_MIN = 0.5;

/**
 * Opens the data file for writing, on a full disk too: SQLite needs a little room to open, and the reserve has it.
 * Throws OperatingError.
 */
export function openStore(file: string, durability: Durability, run: string): StoreWriter {
  try {
    return new StoreWriter(file, durability, run);
  } catch (error) {
    const reserve = new ReserveFile(file);
    const isDisk = error instanceof OperatingError && isStoreError(error.cause);
    if (!isDisk || !reserve.isThere) throw error;
    reserve.remove();
    return new StoreWriter(file, durability, run);
  }
}

export interface MaintenanceOptions {
  readonly file: string;
  /** The data file's bound in bytes. */
  readonly bytesMax: () => number;
  readonly clock: Clock;
  /** How far the clock may be ahead, in ms, 0 or more: records are so much younger then. Default: it is right. */
  readonly doubtMs?: () => number;
  readonly retentionMsOf: (project: string) => number;
}

export class Maintenance {
  readonly #store: StoreWriter;
  readonly #options: MaintenanceOptions;
  readonly #reserve: ReserveFile;
  #retentionAt = Number.NEGATIVE_INFINITY;
  #removals: number[] = [];

  constructor(store: StoreWriter, options: MaintenanceOptions) {
    this.#store = store;
    this.#options = options;
    this.#reserve = new ReserveFile(options.file);
  }

  /** Makes the reserve; false when the disk is full. */
  prepare(): boolean {
    setCheckpointSize(this.#store.database, this.#options.file);
    return this.#reserve.make();
  }

  /** Whether a merge that writes so many bytes can be stored, to the log and to the file, and leaves room for groups. */
  hasRoomFor(bytes: number): boolean {
    return freeBytes(this.#options.file) > 3 * bytes;
  }

  /** Does one short step if one is due; answers whether more is left to do. Throws SQLite's error. */
  step(isIdle: boolean): boolean {
    setCheckpointSize(this.#store.database, this.#options.file);
    const { free, inUse } = spaceUsed(this.#store.database, this.#options.file);
    const bytesMax = this.#options.bytesMax();
    // A clock that was set back must not keep it from looking.
    const isTime = Math.abs(this.#options.clock() - this.#retentionAt) >= RETENTION_EVERY_MS;
    const isDue = isTime || this.#excessBytes(inUse) > 0;
    if (this.#removals.length === 0 && isDue) this.#planRemovals();
    if (this.#removals.length > 0) {
      this.#store.removeBlocks(this.#removals.splice(0, REMOVE_BLOCKS_MAX));
      return true;
    }
    if (isIdle) return vacuumStep(this.#store.database, 0);
    if (free < FREE_SHARE_MAX * (free + inUse) && free + inUse <= bytesMax) return false;
    return vacuumStep(this.#store.database);
  }

  /** Retention looks again at the next step: the rules have changed. */
  rulesChanged(): void {
    this.#retentionAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * One attempt to write again after a failure: the reserve makes room for dropping what retention allows, the space goes
   * back to the disk, and only when the reserve could be made again, with some room beside it, is the store called
   * healthy. Throws what still fails.
   */
  recover(): boolean {
    const { database } = this.#store;
    this.#reserve.remove();
    checkpointFully(database);
    this.#planRemovals();
    while (this.#removals.length > 0) {
      this.#store.removeBlocks(this.#removals.splice(0, 1));
      vacuumStep(database, 0);
      checkpointFully(database);
    }
    while (vacuumStep(database, 0)) checkpointFully(database);
    checkpointFully(database);
    return this.#reserve.make() && this.#reserve.hasRoomBeside();
  }

  #planRemovals(): void {
    const now = this.#options.clock();
    this.#retentionAt = now;
    const { inUse } = spaceUsed(this.#store.database, this.#options.file);
    this.#removals = blocksToRemove(this.#store.catalog.all(), {
      now: now - (this.#options.doubtMs?.() ?? 0),
      retentionMsOf: (project) => this.#options.retentionMsOf(this.#store.projects.nameOf(project)),
      excessBytes: this.#excessBytes(inUse),
    });
  }

  /** Bytes of blocks that must go. What else the file holds is bounded, and may not push out more than half of the room. */
  #excessBytes(inUse: number): number {
    const bytesMax = this.#options.bytesMax();
    return Math.max(0, Math.min(inUse - bytesMax, this.#store.catalog.bytes - bytesMax * BLOCKS_SHARE_MIN));
  }
}
