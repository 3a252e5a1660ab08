// The walk over a scope's blocks for questions that count: each block once, whatever is written and merged meanwhile. Blocks that a
// merge may still take are all visited in one snapshot; finished ones, which hold nearly everything, each in a short one of
// its own, so that the log can be copied back while a long question runs. A generator: whoever drives it decides after each block
// whether to go on.

import { BlockDamagedError } from "../block/damage.ts";
import type { ScanNotes } from "../core/answers.ts";
import { mayHold, OpenedBlock } from "./opened.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock, QuerySource } from "./source.ts";
import type { SummaryCache } from "./summary_cache.ts";

/** What every walk needs. */
export interface ScanContext {
  readonly source: QuerySource;
  readonly cache: SummaryCache;
  /** Monotonic ms: a walk that is not done by then stops and says so. */
  readonly deadline: number;
  readonly clock: () => number;
  /** Tells of progress: blocks done, and blocks in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A step of a question; its value is the answer. */
export type Steps<T> = Generator<undefined, T>;

/** What a walk did not cover. */
export class Coverage {
  damagedBlocks = 0;
  stoppedEarly: string | undefined;

  notes(): ScanNotes {
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

/** Opens a block for `visit`; false when it is gone. Damage is counted, and the block left out. */
export function visitBlock(
  context: ScanContext,
  scope: Scope,
  block: QueryBlock,
  coverage: Coverage,
  visit: (opened: OpenedBlock) => void,
): boolean {
  try {
    const pieces = context.source.open(block.id);
    if (pieces === undefined) return false;
    visit(new OpenedBlock(block, pieces, scope, context.cache));
  } catch (error) {
    if (!(error instanceof BlockDamagedError)) throw error;
    coverage.damagedBlocks++;
  }
  return true;
}

/** Visits every block of the scope that may hold a match, in no particular order. */
export function* scanBlocks(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  visit: (opened: OpenedBlock) => void,
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
  try {
    const blocks = candidates(context, scope).sort((a, b) => Number(a.isFinished) - Number(b.isFinished));
    let done = 0;
    for (const block of blocks) {
      if (clock() >= deadline) {
        coverage.stoppedEarly = `the time limit was reached after ${done} of ${blocks.length} blocks; narrow the time range or the search`;
        return;
      }
      if (block.isFinished) {
        end();
        begin();
      }
      visitBlock(context, scope, block, coverage, visit);
      if (block.isFinished) end();
      onProgress?.(++done, blocks.length);
      yield undefined;
    }
  } finally {
    end();
  }
}
