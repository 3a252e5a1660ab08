// The records in the blocks of a data file. Blocks that cannot hold a record of the scope are not opened, and of the
// others only the columns that decide. Counts come from a block's statistics where these decide: the visitor looks.

import type { Steps } from "../../core/steps.ts";
import type { PageOrder, Place } from "./page_order.ts";
import type { RecordPage } from "./record_page.ts";
import { Coverage, type ProjectSpan, type QueryLimits, type Records, type Visitor } from "./records.ts";
import { type BlockContext, candidateBlocks, scanBlocks, scanParts, TimeOverError, visitBlock } from "./scan.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock, QuerySource } from "./source.ts";
import type { StatisticsCache } from "./statistics_cache.ts";

export class LocalRecords implements Records {
  readonly #source: QuerySource;
  readonly #cache: StatisticsCache;

  /** @param source of this query alone, since it holds snapshots. */
  constructor(source: QuerySource, cache: StatisticsCache) {
    this.#source = source;
    this.#cache = cache;
  }

  // oxlint-disable-next-line require-yield
  *projects(): Steps<readonly string[]> {
    return this.#source.projects();
  }

  *spans(limits: QueryLimits, scope: Scope): Steps<readonly ProjectSpan[]> {
    const context = this.#within(limits);
    const spans: ProjectSpan[] = [];
    for (const block of candidateBlocks(context, scope)) {
      const { project, timeMin, timeMax, records } = block;
      // The times of a damaged block are unknown.
      if (records === 0) continue;
      if (timeMin >= scope.shownFrom(project)) spans.push({ project, timeMin, timeMax });
      else yield* this.#cutSpan(context, scope, block, spans);
    }
    return spans;
  }

  /** Adds the times of a block whose first records are not of the scope. */
  *#cutSpan(context: BlockContext, scope: Scope, block: QueryBlock, spans: ProjectSpan[]): Steps<void> {
    const { project, timeMax } = block;
    this.#source.begin();
    try {
      yield* visitBlock(context, scope, block, new Coverage(), function* (scanned) {
        const times = (yield* scanned.open()).time().filter((time) => time >= scanned.from && time < scanned.to);
        const timeMin = times.reduce((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY);
        if (times.length > 0) spans.push({ project, timeMin, timeMax });
      });
    } catch (error) {
      if (!(error instanceof TimeOverError)) throw error;
      spans.push({ project, timeMin: scope.shownFrom(project), timeMax });
    } finally {
      this.#source.end();
    }
  }

  /** As far as zone maps say. */
  // oxlint-disable-next-line require-yield
  *firstReceived(): Steps<number | undefined> {
    const everything = { project: undefined, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    this.#source.begin();
    try {
      const blocks = this.#source.list(everything).filter(({ records }) => records > 0);
      return blocks.length === 0
        ? undefined
        : blocks.reduce((first, { receivedMin }) => Math.min(first, receivedMin), Number.POSITIVE_INFINITY);
    } finally {
      this.#source.end();
    }
  }

  *scan(limits: QueryLimits, scopes: readonly Scope[], coverage: Coverage, { visit }: Visitor): Steps<void> {
    const [first, ...others] = scopes;
    const context = this.#within(limits);
    if (first === undefined) return;
    if (others.length > 0) yield* scanParts(context, scopes, coverage, visit);
    else yield* scanBlocks(context, first, coverage, (scanned) => visit(scanned, 0));
  }

  /**
   * Visits the blocks from the one with the first record on, until no other block can hold a record that belongs on the
   * page. If a block was merged away meanwhile, the blocks are listed again; the page takes a record once.
   */
  *page(limits: QueryLimits, scope: Scope, page: RecordPage, coverage: Coverage): Steps<number | undefined> {
    const { order, after } = page;
    const context = this.#within(limits);
    const visited = new Set<number>();
    let blocks = unvisitedBlocks(context, scope, order, after, visited);
    for (let next = blocks.shift(); next !== undefined && page.wants(order.firstOf(next)); next = blocks.shift()) {
      if (context.clock() >= context.deadline) return order.firstOf(next);
      const block = next;
      this.#source.begin();
      try {
        const isThere = yield* visitBlock(context, scope, block, coverage, (scanned) => page.add(scanned));
        if (isThere) visited.add(block.id);
        else blocks = unvisitedBlocks(context, scope, order, after, visited);
      } catch (error) {
        if (!(error instanceof TimeOverError)) throw error;
        return order.firstOf(block);
      } finally {
        this.#source.end();
      }
      context.memory.setCollected(page.bytes);
      context.onProgress?.(visited.size, visited.size + blocks.length);
      yield undefined;
    }
    return undefined;
  }

  #within(limits: QueryLimits): BlockContext {
    return { ...limits, source: this.#source, cache: this.#cache };
  }
}

/** The blocks that may hold a record of the page and were not visited yet, the one with the first record first. */
function unvisitedBlocks(
  context: BlockContext,
  scope: Scope,
  order: PageOrder,
  after: Place,
  visited: ReadonlySet<number>,
): QueryBlock[] {
  const { direction, firstOf, reaches } = order;
  return candidateBlocks(context, scope)
    .filter((block) => !visited.has(block.id) && reaches(block, after))
    .sort((a, b) => direction * (firstOf(a) - firstOf(b)) || direction * (a.idMax - b.idMax));
}
