// The store's part of a snapshot: blocks and records, and sizes that are looked up once a second.

import type { StoreSnapshot } from "../../core/telemetry.ts";
import { bytesWrittenByProcess } from "../../runtime/process_io.ts";
import { spaceUsed } from "../../store/disk_space.ts";
import type { StoreWriter } from "../../store/store_writer.ts";

/** How often the sizes on disk are looked up, in ms. */
const SIZES_EVERY_MS = 1_000;

export class StoreFigures {
  readonly #store: StoreWriter;
  readonly #file: string;
  #sizes = { bytesOnDisk: 0, bytesWritten: 0 };
  #sizesAt = Number.NEGATIVE_INFINITY;

  constructor(store: StoreWriter, file: string) {
    this.#store = store;
    this.#file = file;
  }

  now(): Pick<StoreSnapshot, "blocks" | "records" | "bytesOnDisk" | "bytesWritten"> {
    const now = performance.now();
    if (now - this.#sizesAt > SIZES_EVERY_MS) {
      const bytesOnDisk = spaceUsed(this.#store.database, this.#file).onDisk;
      this.#sizes = { bytesOnDisk, bytesWritten: bytesWrittenByProcess() ?? this.#store.bytesHanded };
      this.#sizesAt = now;
    }
    const { size: blocks, records } = this.#store.catalog;
    return { blocks, records, ...this.#sizes };
  }
}
