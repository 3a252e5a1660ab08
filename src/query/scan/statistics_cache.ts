// What was decoded of merged blocks' summaries and filters, kept for the next question: blocks never change, so nothing here is
// ever stale. Bounded in bytes, what was used longest ago goes first; and what was not used for some minutes goes, too: its block is
// likely to be gone, merged into another one or expired.

import type { BlockFilters } from "../../block/filter/block_filters.ts";
import type { BlockStatistics } from "../../block/stats/statistics.ts";
import type { Clock } from "../../core/clock.ts";
import type { QueryBlock } from "./source.ts";

/** Memory for what is kept, half of it for summaries: those of some 350 blocks with 20 touchpoints of four levels each, or of 40 with 500. */
const BYTES_MAX = 96 * 1024 * 1024;
/** How long something is kept that nobody asks for, in ms. */
export const UNUSED_MS_MAX = 5 * 60_000;
/** What remembering that a block has none takes. */
const NOTHING_BYTES = 64;

interface Sized {
  readonly bytes: number;
}

interface Used<T> {
  /** Null stands for a block that has none. */
  readonly value: T | null;
  /** Monotonic ms. */
  readonly usedAt: number;
}

/** Least recently used first. */
class Kept<T extends Sized> {
  readonly #kept = new Map<string, Used<T>>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#kept.size;
  }

  of(name: string, now: number, read: () => T | null): T | null {
    const known = this.#kept.get(name);
    const value = known === undefined ? read() : known.value;
    if (known !== undefined) this.#kept.delete(name);
    else this.#bytes += sizeOf(value);
    this.#kept.set(name, { value, usedAt: now });
    this.forget(now);
    return value;
  }

  /** Forgets what is too much, and what was not used for long. */
  forget(now: number): void {
    for (const [oldest, { value, usedAt }] of this.#kept) {
      if (this.#bytes <= this.#bytesMax && now - usedAt < UNUSED_MS_MAX) break;
      this.#kept.delete(oldest);
      this.#bytes -= sizeOf(value);
    }
  }
}

function sizeOf(value: Sized | null): number {
  return value?.bytes ?? NOTHING_BYTES;
}

export class StatisticsCache {
  readonly #summaries: Kept<BlockStatistics>;
  readonly #filters: Kept<BlockFilters>;

  readonly #clock: Clock;

  /** @param clock monotonic ms. */
  constructor(bytesMax = BYTES_MAX, clock: Clock = () => performance.now()) {
    this.#clock = clock;
    this.#summaries = new Kept(bytesMax / 2);
    this.#filters = new Kept(bytesMax / 2);
  }

  /** The block's summary, null where it has none; `read` gets it the first time. */
  statisticsOf(block: QueryBlock, read: () => BlockStatistics | null): BlockStatistics | null {
    return this.#summaries.of(nameOf(block), this.#clock(), read);
  }

  /** The block's text filters, null where it has none. */
  filterOf(block: QueryBlock, read: () => BlockFilters | null): BlockFilters | null {
    return this.#filters.of(nameOf(block), this.#clock(), read);
  }

  /** Forgets what was not used for long; answers whether anything is left. */
  forgetUnused(): boolean {
    const now = this.#clock();
    for (const kept of [this.#summaries, this.#filters]) kept.forget(now);
    return this.#summaries.size + this.#filters.size > 0;
  }
}

/** A server that was started again may give a removed block's number to another one. */
function nameOf({ id, idMin, idMax, records }: QueryBlock): string {
  return `${id} ${idMin} ${idMax} ${records}`;
}
