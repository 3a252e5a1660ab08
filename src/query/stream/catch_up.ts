// What a tail that goes on from an id gets of the history: the records after it that the data file does not have any
// more. In: where it goes on. Out: the same events as of the data file, up to what is shipped; the hub has the rest.

import { OpenBlock } from "../../block/open_block.ts";
import { TAIL_LAG_AFTER_MOVE, TAIL_LAG_MAX } from "../../core/limits.ts";
import type { TailEvent } from "../../core/queries.ts";
import type { Steps } from "../../core/steps.ts";
import { allOf } from "../../search/expression.ts";
import { Coverage, type QueryLimits, type RecordStream, type Records } from "../scan/records.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import type { QuerySource } from "../scan/source.ts";

/** Records in one batch. */
const BATCH_RECORDS_MAX = 500;
/** One bucket of all times. */
const ALL_TIMES = { start: 0, interval: 2 ** 60, count: 1 } as const;

/** The history as a tail reads it. */
export interface TailHistory extends Pick<Records, "scan"> {
  /** The records of a scope with ids above `after` and up to `upTo`, as they are shown, in their order. Throws HistoryError. */
  inOrder(limits: QueryLimits, scope: Scope, after: number, upTo: number): RecordStream;
}

/** Events, some at a time; or what to wait for before the next. */
export type CatchUpEvents = Generator<TailEvent[] | Promise<void> | undefined>;

/** Where a tail catches up. Ids as they are shown. */
export interface CatchUp {
  /** It goes on after this record. */
  readonly after: number;
  /** The last one that the history has of the node. */
  readonly upTo: number;
  /** The id that the next record gets. */
  readonly head: number;
}

/** Whether the data file has a record for every id above `after` and up to `upTo`: erased and expired ones are missing. */
export function hasAllIds(source: QuerySource, after: number, upTo: number): boolean {
  let count = 0;
  for (const { id, idMin, idMax, idOffset, records } of source.listIds(after + 1, upTo + 1)) {
    if (idMin > after && idMax <= upTo) {
      count += records;
      continue;
    }
    const chunks = source.open(id);
    if (chunks === undefined) return false;
    for (const one of new OpenBlock(chunks, records, idOffset).id()) if (one > after && one <= upTo) count++;
  }
  return count === upTo - after;
}

/**
 * The events of a tail that catches up. One that is far behind is moved forward as by the hub, and gets the number of
 * records missed. Throws HistoryError.
 */
export function* catchUpEvents(
  history: TailHistory,
  limits: QueryLimits,
  scope: Scope,
  { after, upTo, head }: CatchUp,
): CatchUpEvents {
  let from = after;
  if (head - after > TAIL_LAG_MAX) {
    from = Math.min(upTo, head - TAIL_LAG_AFTER_MOVE);
    const missed = yield* countBetween(history, limits, scope, after, from);
    if (missed > 0) yield [{ kind: "gap", id: from, missed }];
  }
  for (const found of history.inOrder(limits, scope, from, upTo)) {
    if (found instanceof Promise) yield found;
    else {
      const events = found.map((record): TailEvent => ({ kind: "record", id: record.id, record }));
      for (let at = 0; at < events.length; at += BATCH_RECORDS_MAX) yield events.slice(at, at + BATCH_RECORDS_MAX);
    }
  }
}

function* countBetween(
  history: TailHistory,
  limits: QueryLimits,
  scope: Scope,
  after: number,
  upTo: number,
): Steps<number> {
  const range = { min: after, max: upTo, isMinIncluded: false, isMaxIncluded: true };
  const between: Scope = { ...scope, search: allOf([{ kind: "number", field: "id", ranges: [range] }, scope.search]) };
  let count = 0;
  const visit = function* (scanned: ScannedBlock): Steps<void> {
    const matches = yield* scanned.matches();
    for (let row = 0; row < scanned.block.records; row++) if (isMatch(matches, row)) count++;
  };
  const add = (_scope: number, _bucket: number, _flags: number, more: number) => {
    count += more;
  };
  yield* history.scan(limits, [between], new Coverage(), {
    visit,
    counted: { kind: "levels", buckets: [ALL_TIMES], add },
  });
  return count;
}
