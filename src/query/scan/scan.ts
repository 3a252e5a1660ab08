// The scan over a scope's blocks for queries that count: each block once, whatever is written and merged meanwhile.
// Blocks that may still be merged are all visited in one snapshot. Finished ones, which hold nearly everything, are
// each visited in a short snapshot of their own, so that SQLite can checkpoint its log during a long query.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import type { Steps } from "../../core/steps.ts";
import { STEP_BYTES_MAX, STEP_MS_MAX } from "./query_memory.ts";
import type { Coverage, QueryLimits } from "./records.ts";
import { mayHold, ScannedBlock } from "./scanned_block.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock, QuerySource } from "./source.ts";
import type { StatisticsCache } from "./statistics_cache.ts";

/** Where the blocks are, and the bounds of the query. */
export interface BlockContext extends QueryLimits {
  readonly source: QuerySource;
  readonly cache: StatisticsCache;
}

/** The blocks that may hold a record of the scope. */
export function candidateBlocks(context: BlockContext, scope: Scope): QueryBlock[] {
  const { project, from, to } = scope;
  return context.source.list({ project, from, to }).filter((block) => mayHold(block, scope));
}

/** The query's time is over. */
export class TimeOverError extends Error {}

/**
 * Opens a block for `visit`, and yields between its steps when they took long. Returns false when the block was merged
 * or deleted. A damaged block is counted and left out. Throws TimeOverError.
 */
export function* visitBlock(
  context: BlockContext,
  scope: Scope,
  block: QueryBlock,
  coverage: Coverage,
  visit: (scanned: ScannedBlock) => Steps<void>,
): Steps<boolean> {
  const { clock, deadline, memory } = context;
  try {
    const chunks = context.source.open(block.id);
    if (chunks === undefined) return false;
    const steps = visit(new ScannedBlock(block, chunks, scope, context));
    for (let startedAtMs = clock(); steps.next().done !== true; ) {
      if (clock() - startedAtMs >= STEP_MS_MAX || memory.bytes >= STEP_BYTES_MAX) {
        yield undefined;
        startedAtMs = clock();
      }
      if (clock() >= deadline) throw new TimeOverError();
    }
  } catch (error) {
    if (!(error instanceof BlockDamagedError)) throw error;
    coverage.damagedBlocks++;
  } finally {
    memory.closeBlock();
  }
  return true;
}

/**
 * Visits every block that may hold a record of one of the scopes, which differ in their times alone, and gives each
 * scope its part of the block. At the deadline it stops and notes it in `coverage`.
 */
export function* scanParts(
  context: BlockContext,
  scopes: readonly Scope[],
  coverage: Coverage,
  visit: (scanned: ScannedBlock, scope: number) => Steps<void>,
): Steps<void> {
  const [first, ...others] = scopes;
  if (first === undefined) return;
  const whole = others.reduce(spanningBoth, first);
  const isWanted = (block: QueryBlock) => scopes.some((scope) => mayHold(block, scope));
  const visitParts = function* (scanned: ScannedBlock): Steps<void> {
    for (const [index, scope] of scopes.entries()) {
      const part = scanned.within(scope);
      if (part !== undefined) yield* visit(part, index);
    }
  };
  yield* scanBlocks(context, whole, coverage, visitParts, isWanted);
}

function spanningBoth(one: Scope, other: Scope): Scope {
  return {
    ...one,
    from: Math.min(one.from, other.from),
    to: Math.max(one.to, other.to),
    shownFrom: (project) => Math.min(one.shownFrom(project), other.shownFrom(project)),
  };
}

/**
 * Visits every block that may hold a record of the scope, in no particular order. At the deadline it stops and notes it
 * in `coverage`.
 * @param isWanted leaves out further blocks
 */
export function* scanBlocks(
  context: BlockContext,
  scope: Scope,
  coverage: Coverage,
  visit: (scanned: ScannedBlock) => Steps<void>,
  isWanted: (block: QueryBlock) => boolean = () => true,
): Steps<void> {
  const { source, clock, deadline, onProgress } = context;
  let hasSnapshot = false;
  const begin = () => {
    source.begin();
    hasSnapshot = true;
  };
  const end = () => {
    if (hasSnapshot) source.end();
    hasSnapshot = false;
  };
  begin();
  let done = 0;
  let total = 0;
  try {
    const blocks = candidateBlocks(context, scope).filter(isWanted);
    blocks.sort((a, b) => Number(a.isFinished) - Number(b.isFinished));
    total = blocks.length;
    for (const block of blocks) {
      if (clock() >= deadline) throw new TimeOverError();
      if (block.isFinished) {
        end();
        begin();
      }
      yield* visitBlock(context, scope, block, coverage, visit);
      if (block.isFinished) end();
      onProgress?.(++done, blocks.length);
      yield undefined;
    }
  } catch (error) {
    if (!(error instanceof TimeOverError)) throw error;
    coverage.stoppedEarly = `the time limit was reached after ${done} of ${total} blocks; narrow the time range or the search`;
  } finally {
    end();
  }
}
