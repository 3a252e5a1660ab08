// The writer's record of what was shipped to ClickHouse: kept in the data file, and asked by retention and by the bound
// of the backlog. Without a cluster it holds nothing.

import { randomUUID } from "node:crypto";
import { SHIPPED_STAY_MS, type ShippingState } from "../../commit/shipping_state.ts";
import type { Clock } from "../../core/clock.ts";
import type { ShippedData } from "../../store/space/retention.ts";
import type { StoreWriter } from "../../store/store_writer.ts";
import type { WriterSettings } from "../messages.ts";

/** How often the backlog is summed up, in ms: it looks at every block. */
const BACKLOG_EVERY_MS = 200;

/** Of one data file. */
export class ShippingRecord {
  readonly #store: StoreWriter;
  readonly #settings: WriterSettings["shipping"];
  readonly #clock: Clock;
  #state: ShippingState | undefined;
  /** The bounds of the last SHIPPED_STAY_MS and the one before them, each with the monotonic time of its save. */
  #bounds: { readonly below: number; readonly at: number }[] = [];
  #backlogBytes: number | undefined;
  #backlogAt = Number.NEGATIVE_INFINITY;

  /** `clock` gives monotonic ms. Default: performance.now. */
  constructor(store: StoreWriter, settings: WriterSettings["shipping"], clock: Clock = () => performance.now()) {
    this.#store = store;
    this.#clock = clock;
    this.#settings = settings;
    if (settings === undefined) return;
    this.#state = store.shipping() ?? { file: randomUUID(), shippedBelow: 1, batch: undefined };
    // No query is older than the process.
    this.#bounds.push({ below: this.#state.shippedBelow, at: Number.NEGATIVE_INFINITY });
  }

  /** Undefined without a cluster. */
  get state(): ShippingState | undefined {
    return this.#state;
  }

  /** For retention; undefined without a cluster. */
  get shipped(): ShippedData | undefined {
    if (this.#settings === undefined || this.#state === undefined) return undefined;
    const before = this.#clock() - SHIPPED_STAY_MS;
    while ((this.#bounds[1]?.at ?? Number.POSITIVE_INFINITY) <= before) this.#bounds.shift();
    return { below: this.#bounds[0]?.below ?? 1, keepMs: this.#settings.keepLocalMs };
  }

  /** Writes it to the data file. Throws SQLite's error. */
  save(state: ShippingState): void {
    this.#store.saveShipping(state);
    if (state.shippedBelow !== this.#state?.shippedBelow) {
      this.#bounds.push({ below: state.shippedBelow, at: this.#clock() });
    }
    this.#state = state;
    this.#backlogAt = Number.NEGATIVE_INFINITY;
  }

  /** Bytes of records that are not shipped, BACKLOG_EVERY_MS old at most; undefined without a cluster. */
  backlogBytes(): number | undefined {
    if (this.#state === undefined) return undefined;
    const now = this.#clock();
    if (now - this.#backlogAt >= BACKLOG_EVERY_MS) {
      this.#backlogAt = now;
      this.#backlogBytes = this.#store.catalog.bytesFrom(this.#state.shippedBelow);
    }
    return this.#backlogBytes;
  }
}
