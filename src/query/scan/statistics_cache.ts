// Decoded statistics and n-gram filters of merged blocks, and what rules measured in them, cached for the next query.
// Blocks never change, so nothing here is ever stale. Bounded in bytes, least recently used first out. What was not used
// for some minutes is evicted, too: its block was probably merged into another one or has expired.

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

/** Bytes of what rules measured in whole blocks: some hundred a block and rule, more for groups and percentiles. */
const MEASURED_BYTES_MAX = 32 * 1024 * 1024;

interface Sized {
  readonly bytes: number;
}

interface CacheEntry<T> {
  /** Null: the block has none. */
  readonly value: T | null;
  /** Monotonic ms. */
  readonly usedAtMs: number;
}

/** What was measured in one block, as its owner made it. */
export interface KeptMeasure extends Sized {
  readonly [name: string]: unknown;
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

  /** The value, if it is there; it is used now. */
  find(key: string, nowMs: number): T | null | undefined {
    const cached = this.#entries.get(key);
    if (cached === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, { ...cached, usedAtMs: nowMs });
    return cached.value;
  }

  put(key: string, value: T, nowMs: number): void {
    const cached = this.#entries.get(key);
    if (cached !== undefined) this.#bytes -= bytesOf(cached.value);
    this.#entries.delete(key);
    this.#entries.set(key, { value, usedAtMs: nowMs });
    this.#bytes += bytesOf(value);
    this.evict(nowMs);
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
  readonly #measures = new LruCache<KeptMeasure>(MEASURED_BYTES_MAX);
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

  /** What was kept of a block under this name; undefined: nothing. */
  keptMeasure(block: QueryBlock, name: string): KeptMeasure | undefined {
    return this.#measures.find(`${keyOf(block)} ${name}`, this.#clock()) ?? undefined;
  }

  keepMeasure(block: QueryBlock, name: string, measure: KeptMeasure): void {
    this.#measures.put(`${keyOf(block)} ${name}`, measure, this.#clock());
  }

  /** Evicts what was not used for long; returns whether anything is left. */
  evictUnused(): boolean {
    const nowMs = this.#clock();
    this.#statistics.evict(nowMs);
    this.#filters.evict(nowMs);
    this.#measures.evict(nowMs);
    return this.#statistics.size + this.#filters.size + this.#measures.size > 0;
  }
}

/** More than the id, which a restarted server may give to another block after the first was deleted. */
function keyOf({ id, idMin, idMax, records }: QueryBlock): string {
  return `${id} ${idMin} ${idMax} ${records}`;
}
