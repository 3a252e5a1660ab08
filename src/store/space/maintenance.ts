// What the writer does between groups: retention, giving free pages back, and recovery from a full disk. Each call is a
// short step, so that ingestion does not wait.

import type { Durability } from "../../core/batch.ts";
import { OperatingError } from "../../core/errors.ts";
import { isStoreError } from "../database.ts";
import { checkpointFully, freeBytes, setCheckpointSize, spaceUsed, vacuumStep } from "../disk_space.ts";
import { StoreWriter } from "../store_writer.ts";
import { ReserveFile } from "./reserve.ts";
import { Retention, type RetentionOptions } from "./retention.ts";

/** Blocks that one transaction deletes: small on a full disk, and short beside ingestion. */
const DELETE_BLOCKS_MAX = 16;
/** How often retention searches for expired blocks, in ms. */
const RETENTION_EVERY_MS = 10_000;
/** Part of the file that may lie free while there is work to do; a quiet server gives everything back. */
const FREE_SHARE_MAX = 0.25;
/** Part of the bound that is the blocks' in any case, however large the tables beside them are. */
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

export interface MaintenanceOptions extends RetentionOptions {
  readonly file: string;
  /** The data file's bound in bytes. */
  readonly bytesMax: () => number;
}

export class Maintenance {
  readonly #store: StoreWriter;
  readonly #options: MaintenanceOptions;
  readonly #reserve: ReserveFile;
  readonly #retention: Retention;
  #retentionAt = Number.NEGATIVE_INFINITY;

  constructor(store: StoreWriter, options: MaintenanceOptions) {
    this.#store = store;
    this.#options = options;
    this.#reserve = new ReserveFile(options.file);
    this.#retention = new Retention(store, options);
  }

  /** Makes the reserve file; false when the disk is full. */
  prepare(): boolean {
    setCheckpointSize(this.#store.database, this.#options.file);
    return this.#reserve.make();
  }

  /**
   * Whether there is room for a merge that writes so many bytes to the log and again to the file, and for groups beside
   * it.
   */
  hasRoomFor(bytes: number): boolean {
    return freeBytes(this.#options.file) > 3 * bytes;
  }

  /** Does one short step if one is due, and returns whether more is left. Throws SQLite's error. */
  step(isIdle: boolean): boolean {
    setCheckpointSize(this.#store.database, this.#options.file);
    const { free, inUse } = spaceUsed(this.#store.database, this.#options.file);
    const bytesMax = this.#options.bytesMax();
    const isTime = this.#options.clock().steady - this.#retentionAt >= RETENTION_EVERY_MS;
    const isDue = isTime || this.#excessBytes(inUse) > 0;
    if (!this.#retention.hasPlanned && isDue) this.#planDeletions();
    if (this.#retention.hasPlanned) {
      this.#retention.deleteSome(DELETE_BLOCKS_MAX);
      return true;
    }
    this.#retention.write();
    if (isIdle) return vacuumStep(this.#store.database, 0);
    if (free < FREE_SHARE_MAX * (free + inUse) && free + inUse <= bytesMax) return false;
    return vacuumStep(this.#store.database);
  }

  /** The configuration was read again: retention follows it, and plans anew at the next step. */
  rulesChanged(): void {
    this.#retention.follow();
    this.#retentionAt = Number.NEGATIVE_INFINITY;
  }

  /** Reports what was not reported yet; the store is closed next. */
  close(): void {
    this.#retention.writeAll();
  }

  /**
   * Tries to make the store writable after a failure. The reserve file is removed, expired blocks are deleted, and free
   * pages go back to the disk. Returns true only if the reserve file could be made again with some room beside it.
   * Throws SQLite's error where writing still fails.
   */
  recover(): boolean {
    const { database } = this.#store;
    this.#reserve.remove();
    checkpointFully(database);
    this.#planDeletions();
    while (this.#retention.hasPlanned) this.#deleteOne();
    this.#giveBack();
    this.#retention.planHidden();
    while (this.#retention.hasPlanned && !this.#reserve.hasRoomForItself()) this.#deleteOne();
    this.#retention.dropPlan();
    this.#giveBack();
    this.#retention.write();
    return this.#reserve.make() && this.#reserve.hasRoomBeside();
  }

  /** Makes room for a small write while the store recovers, which makes the reserve again. */
  removeReserve(): void {
    this.#reserve.remove();
  }

  #deleteOne(): void {
    this.#retention.deleteSome(1);
    vacuumStep(this.#store.database, 0);
    checkpointFully(this.#store.database);
  }

  #giveBack(): void {
    const { database } = this.#store;
    while (vacuumStep(database, 0)) checkpointFully(database);
    checkpointFully(database);
  }

  #planDeletions(): void {
    this.#retentionAt = this.#options.clock().steady;
    const { inUse } = spaceUsed(this.#store.database, this.#options.file);
    this.#retention.plan(this.#excessBytes(inUse));
  }

  /**
   * Compressed bytes of blocks to delete. The other tables are bounded, and may not push out more than half of the
   * room.
   */
  #excessBytes(inUse: number): number {
    const bytesMax = this.#options.bytesMax();
    return Math.max(0, Math.min(inUse - bytesMax, this.#store.catalog.bytes - bytesMax * BLOCKS_SHARE_MIN));
  }
}
