// Decoded statistics and n-gram filters of merged blocks, cached for the next query. Blocks never change, so nothing
// here is ever stale. Bounded in bytes, least recently used first out. What was not used for some minutes is evicted,
// too: its block was probably merged into another one or has expired.

import type { BlockFilters } from "../../block/filter/block_filters.ts";
import type { BlockStatistics } from "../../block/stats/statistics.ts";
import type { Clock } from "../../core/clock.ts";
import type { QueryBlock } from "./source.ts";

/**
 * Bytes of the cache, half of them for statistics: those of some 350 blocks with 20 touchpoints of four levels each, or
 * of 40 with 500 touchpoints.
 */
const BYTES_MAX = 96 * 1024 * 1024;
/** How long something stays that no query uses, in ms. */
export const UNUSED_MS_MAX = 5 * 60_000;
/** Bytes of the note that a block has none. */
const NOTHING_BYTES = 64;

interface Sized {
  readonly bytes: number;
}

interface CacheEntry<T> {
  /** Null: the block has none. */
  readonly value: T | null;
  /** Monotonic ms. */
  readonly usedAtMs: number;
}

class LruCache<T extends Sized> {
  /** Least recently used first. */
  readonly #entries = new Map<string, CacheEntry<T>>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, nowMs: number, read: () => T | null): T | null {
    const cached = this.#entries.get(key);
    const value = cached === undefined ? read() : cached.value;
    if (cached !== undefined) this.#entries.delete(key);
    else this.#bytes += bytesOf(value);
    this.#entries.set(key, { value, usedAtMs: nowMs });
    this.evict(nowMs);
    return value;
  }

  /** Evicts what exceeds the bytes, and what was not used for long. */
  evict(nowMs: number): void {
    for (const [oldest, { value, usedAtMs }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax && nowMs - usedAtMs < UNUSED_MS_MAX) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytesOf(value);
    }
  }
}

function bytesOf(value: Sized | null): number {
  return value?.bytes ?? NOTHING_BYTES;
}

export class StatisticsCache {
  readonly #statistics: LruCache<BlockStatistics>;
  readonly #filters: LruCache<BlockFilters>;
  readonly #clock: Clock;

  /** @param clock monotonic ms. */
  constructor(bytesMax = BYTES_MAX, clock: Clock = () => performance.now()) {
    this.#clock = clock;
    this.#statistics = new LruCache(bytesMax / 2);
    this.#filters = new LruCache(bytesMax / 2);
  }

  /** The block's statistics, null where it has none; `read` is called when they are not cached. */
  statisticsOf(block: QueryBlock, read: () => BlockStatistics | null): BlockStatistics | null {
    return this.#statistics.get(keyOf(block), this.#clock(), read);
  }

  /** The block's n-gram filters, null where it has none; `read` is called when they are not cached. */
  filtersOf(block: QueryBlock, read: () => BlockFilters | null): BlockFilters | null {
    return this.#filters.get(keyOf(block), this.#clock(), read);
  }

  /** Evicts what was not used for long; returns whether anything is left. */
  evictUnused(): boolean {
    const nowMs = this.#clock();
    this.#statistics.evict(nowMs);
    this.#filters.evict(nowMs);
    return this.#statistics.size + this.#filters.size > 0;
  }
}

/** More than the id, which a restarted server may give to another block after the first was deleted. */
function keyOf({ id, idMin, idMax, records }: QueryBlock): string {
  return `${id} ${idMin} ${idMax} ${records}`;
}
