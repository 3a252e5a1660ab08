// One block as a query scans it: first its zone map and its statistics, then its columns, each only when the one before
// did not decide. Nothing is inflated of a block that cannot match.

import { type ChunkSource, STATISTICS_CHUNK } from "../../block/codec/column_chunks.ts";
import { readBlockFilters } from "../../block/filter/block_filters.ts";
import { OpenBlock } from "../../block/open_block.ts";
import { type BlockStatistics, readStatistics } from "../../block/stats/statistics.ts";
import type { Steps } from "../../core/steps.ts";
import type { Expression } from "../../search/expression.ts";
import { matchSteps } from "../match/evaluate.ts";
import { canSkipBlock, type Filters, matchCell, type PruningInput } from "../match/prune.ts";
import type { QueryMemory } from "./query_memory.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock } from "./source.ts";
import type { KeptMeasure, StatisticsCache } from "./statistics_cache.ts";

/** The matching records of a block: all, none, or those with a 1 in the mask, a byte a record. */
export type Matches = "none" | "all" | Uint8Array;

export function isMatch(matches: Matches, row: number): boolean {
  return matches === "all" || (matches !== "none" && matches[row] === 1);
}

/** Whether a block may hold a record of the scope, by its zone map alone. */
export function mayHold(block: QueryBlock, scope: Scope): boolean {
  if (scope.project !== undefined && block.project !== scope.project) return false;
  if (block.timeMax < scope.shownFrom(block.project) || block.timeMin >= scope.to) return false;
  if (scope.afterId !== undefined && block.idMax <= scope.afterId) return false;
  return !canSkipBlock(scope.search, zoneMapStatistics(block));
}

function zoneMapStatistics(block: QueryBlock): PruningInput {
  const { project, timeMin, timeMax, receivedMin, receivedMax, idMin, idMax, levels, statuses, records } = block;
  const logs = levels.reduce((sum, count) => sum + count, 0);
  return {
    project,
    timeMin,
    timeMax,
    receivedMin,
    receivedMax,
    idMin,
    idMax,
    cells: undefined,
    filters: undefined,
    hasKind: (kind) => (kind === 0 ? logs > 0 : (statuses[kind - 1] ?? 0) > 0),
    // Levels of timings are not in the zone map.
    hasLevel: (level) => records > logs || (levels[level - 1] ?? 0) > 0,
  };
}

/** What the scans of all blocks share. */
export interface SharedByBlocks {
  readonly cache: StatisticsCache;
  readonly memory: QueryMemory;
}

/** What was read of a block so far. */
interface BlockReading {
  readonly chunks: ChunkSource;
  opened?: OpenBlock;
  statistics?: BlockStatistics | null;
  /** By search, the records that match it, whatever their times. */
  readonly rows: Map<Expression, Uint8Array>;
}

export class ScannedBlock {
  readonly block: QueryBlock;
  /** The scope's times for this block's project, Unix ms; `to` is not included. */
  readonly from: number;
  readonly to: number;
  readonly #afterId: number;
  readonly #search: Expression;
  readonly #cache: StatisticsCache;
  readonly #memory: QueryMemory;
  readonly #reading: BlockReading;

  constructor(block: QueryBlock, chunks: ChunkSource, scope: Scope, shared: SharedByBlocks, reading?: BlockReading) {
    const { cache, memory } = shared;
    this.block = block;
    this.from = scope.shownFrom(block.project);
    this.to = scope.to;
    this.#afterId = scope.afterId ?? Number.NEGATIVE_INFINITY;
    this.#search = scope.search;
    this.#memory = memory;
    this.#cache = cache;
    this.#reading = reading ?? { chunks: memory.countInflated(chunks), rows: new Map() };
  }

  /**
   * The same block in another scope; each column is still read once. Undefined where it has no records of that scope by
   * its zone map.
   */
  within(scope: Scope): ScannedBlock | undefined {
    if (!mayHold(this.block, scope)) return undefined;
    const shared = { cache: this.#cache, memory: this.#memory };
    return new ScannedBlock(this.block, this.#reading.chunks, scope, shared, this.#reading);
  }

  /** Whether all records of the block lie in the scope's times, and have ids of it. */
  get isInside(): boolean {
    return this.block.timeMin >= this.from && this.block.timeMax < this.to && !this.#isCutById;
  }

  /** Whether some records have ids of the scope, and others have not. */
  get #isCutById(): boolean {
    return this.block.idMin <= this.#afterId;
  }

  /** The block's columns. Yields before the first opening, so that the query can be made to wait for memory. */
  *open(): Steps<OpenBlock> {
    if (this.#reading.opened === undefined) {
      this.#memory.expectBlock(this.block.rawBytes);
      yield undefined;
      this.#reading.opened = new OpenBlock(this.#reading.chunks, this.block.records, this.block.idOffset);
    }
    return this.#reading.opened;
  }

  /**
   * The statistics that the compactor stored with a merged block; undefined for blocks that have none, and for one of
   * which only some ids are looked at.
   */
  statistics(): BlockStatistics | undefined {
    if (this.#isCutById) return undefined;
    if (this.#reading.statistics === undefined) {
      this.#reading.statistics = this.#cache.statisticsOf(this.block, () => {
        const chunk = this.#reading.chunks.chunk(STATISTICS_CHUNK);
        return chunk === undefined ? null : readStatistics(chunk);
      });
    }
    return this.#reading.statistics ?? undefined;
  }

  /** For each cell of the statistics whether its records match the search; undefined where only the columns decide. */
  cellMatches({ cells }: BlockStatistics): (boolean | undefined)[] {
    const { project } = this.block;
    if (this.#search.kind === "all") return cells.map(() => true);
    const bounds = zoneMapStatistics(this.block);
    return cells.map(({ flags, touchpoint }) => matchCell(this.#search, { project, flags, touchpoint }, bounds));
  }

  /** What was kept of this block under a name; undefined: nothing. */
  keptMeasure(name: string): KeptMeasure | undefined {
    return this.#cache.keptMeasure(this.block, name);
  }

  keepMeasure(name: string, measure: KeptMeasure): void {
    this.#cache.keepMeasure(this.block, name, measure);
  }

  /** The records that match, and lie in the scope's times and ids. Yields after each term. */
  *matches(): Steps<Matches> {
    const pruned = this.#prune();
    if (pruned === "none" || (pruned === "all" && this.isInside)) return pruned;
    const block = yield* this.open();
    const found = pruned === "all" ? new Uint8Array(block.count).fill(1) : yield* this.#matchingRows(block);
    if (!found.includes(1)) return "none";
    if (this.isInside) return found;
    const rows = Uint8Array.from(found);
    const times = block.time();
    for (let row = 0; row < block.count; row++) {
      const time = times[row] as number;
      if (time < this.from || time >= this.to) rows[row] = 0;
    }
    const ids = this.#isCutById ? block.id() : undefined;
    for (let row = 0; row < (ids?.length ?? 0); row++) if ((ids?.[row] as number) <= this.#afterId) rows[row] = 0;
    return rows.includes(1) ? rows : "none";
  }

  *#matchingRows(block: OpenBlock): Steps<Uint8Array> {
    const { rows } = this.#reading;
    const known = rows.get(this.#search);
    if (known !== undefined) return known;
    const found = yield* matchSteps(this.#search, block, this.block.project, () => this.#filters());
    rows.set(this.#search, found);
    return found;
  }

  /**
   * Which records match the search, times aside, by the block's statistics and filters; "some": only the columns
   * decide.
   */
  #prune(): "none" | "all" | "some" {
    if (this.#search.kind === "all") return "all";
    const statistics = this.statistics();
    if (statistics === undefined) return "some";
    const matches = this.cellMatches(statistics);
    if (matches.every((match) => match === true)) return "all";
    if (matches.every((match) => match === false)) return "none";
    const { cells } = statistics;
    const known = { ...zoneMapStatistics(this.block), cells, filters: () => this.#filters() };
    return canSkipBlock(this.#search, known) ? "none" : "some";
  }

  #filters(): Filters | undefined {
    return (
      this.#cache.filtersOf(this.block, () => readBlockFilters(this.#reading.chunks, this.block.records)) ?? undefined
    );
  }
}
