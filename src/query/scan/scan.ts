// The scan over a scope's blocks for queries that count: each block once, whatever is written and merged meanwhile.
// Blocks that may still be merged are all visited in one snapshot. Finished ones, which hold nearly everything, are
// each visited in a short snapshot of their own, so that SQLite can checkpoint its log during a long query.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import type { ScanWarnings } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { type QueryMemory, STEP_BYTES_MAX, STEP_MS_MAX } from "./query_memory.ts";
import { mayHold, ScannedBlock } from "./scanned_block.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock, QuerySource } from "./source.ts";
import type { StatisticsCache } from "./statistics_cache.ts";

export interface ScanContext {
  readonly source: QuerySource;
  readonly cache: StatisticsCache;
  /** Monotonic ms: a scan that is not done by then stops, and its response says so. */
  readonly deadline: number;
  /** Monotonic ms. */
  readonly clock: () => number;
  readonly memory: QueryMemory;
  /** Called after each block with the number of visited blocks, and of all blocks. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a scan did not cover. */
export class Coverage {
  damagedBlocks = 0;
  /** Why the scan stopped before its end; undefined where it did not. */
  stoppedEarly: string | undefined;

  /** The members that tell it in a response; none where everything was covered. */
  warnings(): ScanWarnings {
    return {
      ...(this.stoppedEarly === undefined ? {} : { stoppedEarly: this.stoppedEarly }),
      ...(this.damagedBlocks === 0 ? {} : { damagedBlocks: this.damagedBlocks }),
    };
  }
}

/** The blocks that may hold a record of the scope. */
export function candidateBlocks(context: ScanContext, scope: Scope): QueryBlock[] {
  const { project, from, to } = scope;
  return context.source.list({ project, from, to }).filter((block) => mayHold(block, scope));
}

/** The projects of a scope, by name. @param others further ones than those with records. */
export function scopeProjects(context: ScanContext, scope: Scope, others: readonly string[] = []): readonly string[] {
  if (scope.project !== undefined) return [scope.project];
  return [...new Set([...context.source.projects(), ...others])].sort();
}

/** The query's time is over. */
export class TimeOverError extends Error {}

/**
 * Opens a block for `visit`, and yields between its steps when they took long. Returns false when the block was merged
 * or deleted. A damaged block is counted and left out. Throws TimeOverError.
 */
export function* visitBlock(
  context: ScanContext,
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
  context: ScanContext,
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
  context: ScanContext,
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
