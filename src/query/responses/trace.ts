// A trace: the records of one key nearest to a time, with the starts of the key that still run. Records are read from
// that time on in both directions, as pages are, so blocks far from it stay closed once there are enough.

import { PAGE_LENGTH_MAX, ROWS_MAX, TRACE_RECORDS_MAX } from "../../core/limits.ts";
import type { EntriesOrder, QueryRefusal } from "../../core/queries.ts";
import type { ShownRecord } from "../../core/record.ts";
import type { EntriesResponse, ScanWarnings, TraceResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { allOf, type Expression } from "../../search/expression.ts";
import { formatCursor } from "../scan/page_order.ts";
import { textLengthOf } from "../scan/query_memory.ts";
import { RECORD_BYTES } from "../scan/record_page.ts";
import type { ScanContext } from "../scan/records.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { entriesResponse } from "./entries.ts";
import { type OpenStart, runningResponse } from "./running.ts";

export interface TraceRequest {
  readonly key: string;
  /** Unix ms; TIME_MS_MAX for the newest records. */
  readonly around: number;
  readonly openStarts: Iterable<OpenStart>;
}

/** The records of the key in the scope that are nearest to the time, oldest first, and its running starts. */
export function* traceResponse(
  context: ScanContext,
  scope: Scope,
  { key, around, openStarts }: TraceRequest,
): Steps<TraceResponse | QueryRefusal> {
  const ofKey: Scope = { ...scope, search: allOf([keyTerm(key), scope.search]) };
  const { running, count } = yield* runningResponse(openStarts, ofKey, { limit: ROWS_MAX });
  const limit = TRACE_RECORDS_MAX - running.length;
  const cursor = formatCursor({ time: around, id: 0 });
  const page = (order: EntriesOrder, heldBytes: number) =>
    entriesResponse(context, ofKey, { limit, cursor, order, heldBytes });
  const older = yield* page("desc", 0);
  if (isRefusal(older)) return older;
  const newer = yield* page("asc", bytesOf(older.entries));
  if (isRefusal(newer)) return newer;
  const near = nearest(older.entries, newer.entries, around, limit);
  return {
    records: [...older.entries.slice(0, near.older).toReversed(), ...newer.entries.slice(0, near.newer)],
    isCutBefore: near.older < older.entries.length || older.nextCursor !== null,
    isCutAfter: near.newer < newer.entries.length || newer.nextCursor !== null,
    running,
    moreRunning: count - running.length,
    ...warningsOf(older, newer),
  };
}

function keyTerm(key: string): Expression {
  return { kind: "exact", field: "key", patterns: [{ text: key, isPrefix: false }] };
}

function bytesOf(records: readonly ShownRecord[]): number {
  return records.reduce((sum, record) => sum + RECORD_BYTES + 2 * textLengthOf(record), 0);
}

/** How many of each side, which begins with the nearest, are taken: as many as fit. At least one where there is any. */
function nearest(
  older: readonly ShownRecord[],
  newer: readonly ShownRecord[],
  around: number,
  limit: number,
): { readonly older: number; readonly newer: number } {
  const taken = { older: 0, newer: 0 };
  let length = 0;
  while (taken.older + taken.newer < limit) {
    const [before, after] = [older[taken.older], newer[taken.newer]];
    const isOlder = before !== undefined && (after === undefined || around - before.time < after.time - around);
    const next = isOlder ? before : after;
    if (next === undefined) break;
    length += textLengthOf(next);
    if (length > PAGE_LENGTH_MAX && taken.older + taken.newer > 0) break;
    taken[isOlder ? "older" : "newer"]++;
  }
  return taken;
}

function warningsOf(older: EntriesResponse, newer: EntriesResponse): ScanWarnings {
  const isStopped = older.stoppedEarly !== undefined || newer.stoppedEarly !== undefined;
  // A block that both directions met is one.
  const damagedBlocks = Math.max(older.damagedBlocks ?? 0, newer.damagedBlocks ?? 0);
  return {
    ...(isStopped
      ? { stoppedEarly: "the time limit was reached before all blocks were searched; narrow from and to" }
      : {}),
    ...(damagedBlocks === 0 ? {} : { damagedBlocks }),
  };
}
