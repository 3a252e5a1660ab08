// The records that queries read, wherever they are: the one interface between responses and stores. It gives partial
// results of the same kind for every store: records of a page, counts, sketches, or blocks of records. Responses add
// them up, so what several stores give merges exactly. local_records.ts answers from the blocks of the data file,
// the room clickhouse from a cluster, and joined_records.ts from both.

import type { ShownRecord } from "../../core/record.ts";
import type { ScanWarnings } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import type { CountedAsk } from "./counted.ts";
import type { QueryMemory } from "./query_memory.ts";
import type { RecordPage } from "./record_page.ts";
import type { ScannedBlock } from "./scanned_block.ts";
import type { Scope } from "./scope.ts";

/** Bounds of a query, and where it reports to. */
export interface QueryLimits {
  /** Monotonic ms: a scan that is not done by then stops, and its response says so. */
  readonly deadline: number;
  /** Monotonic ms. */
  readonly clock: () => number;
  readonly memory: QueryMemory;
  /** Called after each block with the number of visited blocks, and of all blocks. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a response is made with. */
export interface ScanContext extends QueryLimits {
  readonly records: Records;
}

/** Of records of a project in a scope: the time of the first, and one that none is later than. Unix ms. */
export interface ProjectSpan {
  readonly project: string;
  readonly timeMin: number;
  readonly timeMax: number;
}

/** How the records of a scan are taken. */
export interface Visitor {
  /** Takes the records of a block that match scope number `scope`. */
  readonly visit: (scanned: ScannedBlock, scope: number) => Steps<void>;
  /** What is counted of them. Undefined: what `visit` does cannot be had without the records themselves. */
  readonly counted?: CountedAsk;
}

/** A store of records. Its methods work in steps, and stop where the query's time is over. */
export interface Records {
  /** Every project that ever stored a record. */
  projects(limits: QueryLimits): Steps<readonly string[]>;
  /** The times of the records of a scope that has no search; several of one project where it is easier. */
  spans(limits: QueryLimits, scope: Scope): Steps<readonly ProjectSpan[]>;
  /** When this node received its oldest record, about and at the latest, Unix ms; undefined: it has none. */
  firstReceived(limits: QueryLimits): Steps<number | undefined>;
  /**
   * Adds to the page every record of the scope that belongs on it.
   * @returns undefined, or where time ran out: records of this time (Unix ms) and after it in the page's order may be
   * missing.
   */
  page(limits: QueryLimits, scope: Scope, page: RecordPage, coverage: Coverage): Steps<number | undefined>;
  /**
   * Gives every record of the scopes to the visitor once for each scope: in blocks to `visit`, or counted to
   * `counted`. Scopes of one scan differ in their times alone. Notes in `coverage` what it left out.
   */
  scan(limits: QueryLimits, scopes: readonly Scope[], coverage: Coverage, visitor: Visitor): Steps<void>;
}

/** Records in the order of ids, some at a time; or what to wait for before the next. */
export type RecordStream = Generator<readonly ShownRecord[] | Promise<void>>;

/** A store beside the data file cannot be read. The message is for people. */
export class HistoryError extends Error {}

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

/** Gives every record of a scope to the visitor. */
export function scanRecords(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  visit: (scanned: ScannedBlock) => Steps<void>,
  counted?: CountedAsk,
): Steps<void> {
  return context.records.scan(context, [scope], coverage, { visit, ...(counted === undefined ? {} : { counted }) });
}

/** The projects of a scope, by name. @param others further ones than those with records. */
export function* scopeProjects(
  context: ScanContext,
  scope: Scope,
  others: readonly string[] = [],
): Steps<readonly string[]> {
  if (scope.project !== undefined) return [scope.project];
  return [...new Set([...(yield* context.records.projects(context)), ...others])].sort();
}
