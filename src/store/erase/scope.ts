// What the parts of an erasure share: its scope and what belongs to it, how far it is, and deletion that overwrites.

import { appendRecord, emptyColumns } from "../../block/columns.ts";
import { BlockEncoder } from "../../block/encode.ts";
import { type OpenBlock, openBlock } from "../../block/open_block.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { Database } from "../../runtime/contract/database.ts";

/**
 * Says which rows of a block match a search: 1 for each that does. The caller brings it, since the store knows no
 * searches.
 */
export type MatchRows = (view: OpenBlock, project: string) => Uint8Array;

/** Times in Unix ms: `from` is included, `to` is not; undefined: no bound. */
export interface EraseScope {
  readonly project: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Undefined: whatever it is. */
  readonly matchRows: MatchRows | undefined;
  /** Added to the ids of the data file, so that a search finds those that are shown. Default: 0. */
  readonly idOffset?: number;
}

/** Whether everything of the project goes. */
export function isWhole({ from, to, matchRows }: EraseScope): boolean {
  return from === undefined && to === undefined && matchRows === undefined;
}

export function isInTimes({ from, to }: EraseScope, time: number): boolean {
  return (from === undefined || time >= from) && (to === undefined || time < to);
}

/** The rows of a block that go: 1 for each, whatever its time; undefined: all of them. */
export function rowsToErase(scope: EraseScope, view: OpenBlock): Uint8Array | undefined {
  const rows = scope.matchRows?.(view, scope.project);
  if (scope.from === undefined && scope.to === undefined) return rows;
  const times = view.time();
  const erased = rows ?? new Uint8Array(view.count).fill(1);
  for (let row = 0; row < view.count; row++) if (!isInTimes(scope, times[row] as number)) erased[row] = 0;
  return erased;
}

/** Things that were never stored, by the number of their row, each with the records that it may stand for. */
export interface Candidate {
  readonly id: number;
  readonly records: readonly StoredRecord[];
}

/** The rows of which some record matches the search. Times are the caller's. */
export function matchingCandidates(scope: EraseScope, candidates: readonly Candidate[]): Set<number> {
  const { matchRows, project } = scope;
  if (matchRows === undefined) return new Set(candidates.map(({ id }) => id));
  const columns = emptyColumns();
  const owners: number[] = [];
  for (const { id, records } of candidates) {
    for (const record of records) {
      appendRecord(columns, record.id, record);
      owners.push(id);
    }
  }
  const matching = new Set<number>();
  if (columns.count === 0) return matching;
  const rows = matchRows(openBlock(new BlockEncoder().packed(columns).chunks, columns.count), project);
  owners.forEach((id, row) => {
    if (rows[row] === 1) matching.add(id);
  });
  return matching;
}

export interface EraseProgress {
  /** In this order. */
  readonly phase: "waiting" | "blocks" | "space" | "log";
  /** Of items, blocks, bytes or logs. */
  readonly done: number;
  readonly total: number;
  /** A reader is in the way: the next step should wait a little. */
  readonly isBlocked: boolean;
}

export function progress(phase: EraseProgress["phase"], done: number, total: number, isBlocked = false): EraseProgress {
  return { phase, done: Math.min(done, total), total, isBlocked };
}

/**
 * Runs transactions whose deletions leave no bytes in the pages that they change; `work` does not yield to other work.
 */
export function securely<T>(database: Database, work: () => T): T {
  database.run("PRAGMA secure_delete = ON");
  try {
    return work();
  } finally {
    database.run("PRAGMA secure_delete = OFF");
  }
}
