// The walk over a scope's blocks for questions that count: each block once, whatever is written and merged meanwhile. Blocks that a
// merge may still take are all visited in one snapshot; finished ones, which hold nearly everything, each in a short one of
// its own, so that the log can be copied back while a long question runs. A generator: whoever drives it decides after each block
// whether to go on.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import type { ScanWarnings } from "../../core/responses.ts";
import { STEP_BYTES_MAX, STEP_MS_MAX } from "./limits.ts";
import type { QueryMemory } from "./query_memory.ts";
import { mayHold, ScannedBlock } from "./scanned_block.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock, QuerySource } from "./source.ts";
import type { StatisticsCache } from "./statistics_cache.ts";

/** What every walk needs. */
export interface ScanContext {
  readonly source: QuerySource;
  readonly cache: StatisticsCache;
  /** Monotonic ms: a walk that is not done by then stops and says so. */
  readonly deadline: number;
  readonly clock: () => number;
  readonly memory: QueryMemory;
  /** Tells of progress: blocks done, and blocks in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A step of a question; its value is the answer. */
export type Steps<T> = Generator<undefined, T>;

/** What a walk did not cover. */
export class Coverage {
  damagedBlocks = 0;
  stoppedEarly: string | undefined;

  gaps(): ScanWarnings {
    return {
      ...(this.stoppedEarly === undefined ? {} : { stoppedEarly: this.stoppedEarly }),
      ...(this.damagedBlocks === 0 ? {} : { damagedBlocks: this.damagedBlocks }),
    };
  }
}

/** The scope's blocks that may hold a match. */
export function candidates(context: ScanContext, scope: Scope): QueryBlock[] {
  const { project, from, to } = scope;
  return context.source.list({ project, from, to }).filter((block) => mayHold(block, scope));
}

/** A query's time is over in the middle of a block. */
export class TimeOverError extends Error {}

/**
 * Opens a block for `visit`, whose steps are passed on where they took long; false when it is gone. Damage is counted, and the block left
 * out. Throws TimeOverError.
 */
export function* visitBlock(
  context: ScanContext,
  scope: Scope,
  block: QueryBlock,
  coverage: Coverage,
  visit: (opened: ScannedBlock) => Steps<void>,
): Steps<boolean> {
  const { clock, deadline, memory } = context;
  try {
    const pieces = context.source.open(block.id);
    if (pieces === undefined) return false;
    const steps = visit(new ScannedBlock(block, pieces, scope, context));
    for (let startedAt = clock(); steps.next().done !== true; ) {
      if (clock() - startedAt >= STEP_MS_MAX || memory.bytes >= STEP_BYTES_MAX) {
        yield undefined;
        startedAt = clock();
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

/** Visits every block of the scope that may hold a match, in no particular order. */
export function* scanBlocks(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  visit: (opened: ScannedBlock) => Steps<void>,
): Steps<void> {
  const { source, clock, deadline, onProgress } = context;
  let isOpen = false;
  const begin = () => {
    source.begin();
    isOpen = true;
  };
  const end = () => {
    if (isOpen) source.end();
    isOpen = false;
  };
  begin();
  let done = 0;
  let total = 0;
  try {
    const blocks = candidates(context, scope).sort((a, b) => Number(a.isFinished) - Number(b.isFinished));
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
