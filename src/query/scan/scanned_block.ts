// One block as a question looks at it: first what its header and its summary say, then its columns, each step only when the
// one before has not decided. Nothing is inflated for a block that cannot match.

import type { ChunkSource } from "../../block/codec/column_chunks.ts";
import { STATISTICS_CHUNK } from "../../block/codec/column_chunks.ts";
import { type BlockFilters, readBlockFilters } from "../../block/filter/block_filters.ts";
import { OpenBlock } from "../../block/open_block.ts";
import type { BlockStatistics } from "../../block/stats/statistics.ts";
import { readStatistics } from "../../block/stats/statistics.ts";
import type { Expression } from "../../search/expression.ts";
import { matchSteps } from "../match/evaluate.ts";
import { canSkipBlock, matchCell, type PruningInput } from "../match/prune.ts";
import type { QueryMemory } from "./query_memory.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock } from "./source.ts";
import type { StatisticsCache } from "./statistics_cache.ts";

/** What is known of all records of a block that lie in the scope's times. */
export type Verdict = "none" | "all" | "some";

/** Every record of a block, none, or those with a 1: a byte a record. */
export type Matches = "none" | "all" | Uint8Array;

export function isMatch(matches: Matches, row: number): boolean {
  return matches === "all" || (matches !== "none" && matches[row] === 1);
}

/** Whether a block can hold a record of the scope, by its header alone. */
export function mayHold(block: QueryBlock, scope: Scope): boolean {
  if (scope.project !== undefined && block.project !== scope.project) return false;
  if (block.timeMax < scope.shownFrom(block.project) || block.timeMin >= scope.to) return false;
  return !canSkipBlock(scope.search, headerFacts(block));
}

function headerFacts(block: QueryBlock): PruningInput {
  const { project, timeMin, timeMax, idMin, idMax, levels, statuses, records } = block;
  const logs = levels.reduce((sum, count) => sum + count, 0);
  return {
    project,
    timeMin,
    timeMax,
    idMin,
    idMax,
    cells: undefined,
    texts: undefined,
    hasKind: (kind) => (kind === 0 ? logs > 0 : (statuses[kind - 1] ?? 0) > 0),
    // Timings may have any level.
    hasLevel: (level) => records > logs || (levels[level - 1] ?? 0) > 0,
  };
}

/** What an opened block shares with others. */
export interface OpenedBlockOptions {
  readonly cache: StatisticsCache;
  readonly memory: QueryMemory;
}

export class ScannedBlock {
  readonly block: QueryBlock;
  /** The scope's times in this block; `to` is not included. */
  readonly from: number;
  readonly to: number;
  readonly #search: Expression;
  readonly #pieces: ChunkSource;
  readonly #cache: StatisticsCache;
  readonly #memory: QueryMemory;
  #view: OpenBlock | undefined;
  #summary: BlockStatistics | null | undefined;

  constructor(block: QueryBlock, pieces: ChunkSource, scope: Scope, { cache, memory }: OpenedBlockOptions) {
    this.block = block;
    this.from = scope.shownFrom(block.project);
    this.to = scope.to;
    this.#search = scope.search;
    this.#pieces = memory.countInflated(pieces);
    this.#memory = memory;
    this.#cache = cache;
  }

  /** Whether every record of the block lies in the scope's times. */
  get isInside(): boolean {
    return this.block.timeMin >= this.from && this.block.timeMax < this.to;
  }

  /** Its columns. A step before, so that a query may wait for its turn where others hold much. */
  *view(): Generator<undefined, OpenBlock> {
    if (this.#view === undefined) {
      this.#memory.expectBlock(this.block.rawBytes);
      yield undefined;
      this.#view = new OpenBlock(this.#pieces, this.block.records);
    }
    return this.#view;
  }

  /** What the compactor noted of a merged block; undefined for a small one, and for blocks of before there were notes. */
  statistics(): BlockStatistics | undefined {
    if (this.#summary === undefined) {
      this.#summary = this.#cache.statisticsOf(this.block, () => {
        const piece = this.#pieces.chunk(STATISTICS_CHUNK);
        return piece === undefined ? null : readStatistics(piece);
      });
    }
    return this.#summary ?? undefined;
  }

  /** What can be said of the search without inflating a column. */
  prune(): Verdict {
    if (this.#search.kind === "all") return "all";
    const summary = this.statistics();
    if (summary === undefined) return "some";
    const verdicts = this.cellMatches(summary);
    if (verdicts.every((verdict) => verdict === true)) return "all";
    if (verdicts.every((verdict) => verdict === false)) return "none";
    const facts: PruningInput = { ...headerFacts(this.block), cells: summary.cells, texts: () => this.#filter() };
    return canSkipBlock(this.#search, facts) ? "none" : "some";
  }

  /** For each of the summary's cells whether its records match; undefined where only the columns tell. */
  cellMatches(summary: BlockStatistics): (boolean | undefined)[] {
    const { project } = this.block;
    if (this.#search.kind === "all") return summary.cells.map(() => true);
    return summary.cells.map(({ flags, touchpoint }) => matchCell(this.#search, { project, flags, touchpoint }));
  }

  /** Which records match and lie in the scope's times; a term a step. */
  *matches(): Generator<undefined, Matches> {
    const verdict = this.prune();
    if (verdict === "none" || (verdict === "all" && this.isInside)) return verdict;
    const view = yield* this.view();
    const rows =
      verdict === "all"
        ? new Uint8Array(view.count).fill(1)
        : yield* matchSteps(this.#search, view, this.block.project, () => this.#filter());
    if (!rows.includes(1)) return "none";
    if (this.isInside) return rows;
    const time = view.time();
    for (let row = 0; row < view.count; row++) {
      const at = time[row] as number;
      if (at < this.from || at >= this.to) rows[row] = 0;
    }
    return rows.includes(1) ? rows : "none";
  }

  /** The block's text filters, where it has any. */
  #filter(): BlockFilters | undefined {
    return this.#cache.filterOf(this.block, () => readBlockFilters(this.#pieces, this.block.records)) ?? undefined;
  }
}
