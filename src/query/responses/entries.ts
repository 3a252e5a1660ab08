// The records of a scope, newest or oldest first, a page at a time.

import type { EntriesOrder, QueryRefusal } from "../../core/queries.ts";
import type { EntriesResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { PAGE_ORDERS, parseCursor } from "../scan/page_order.ts";
import { RecordPage } from "../scan/record_page.ts";
import { Coverage, type ScanContext } from "../scan/records.ts";
import type { Scope } from "../scan/scope.ts";

export interface PageRequest {
  /** The most records of the page, at least 1. Fewer where they are very long. */
  readonly limit: number;
  /** The `nextCursor` of the page before; undefined: the first page. */
  readonly cursor: string | undefined;
  /** "desc" is newest first, and what undefined means. */
  readonly order?: EntriesOrder | undefined;
  /** Bytes that the query holds beside the page, about; default 0. */
  readonly heldBytes?: number;
}

/** A page of records. At the deadline it is the part that is certain, with a cursor to go on. */
export function* entriesResponse(
  context: ScanContext,
  scope: Scope,
  { limit, cursor, order: wanted, heldBytes = 0 }: PageRequest,
): Steps<EntriesResponse | QueryRefusal> {
  const order = PAGE_ORDERS[wanted ?? "desc"];
  const after = cursor === undefined ? order.beginning : parseCursor(cursor);
  if (after === undefined) {
    const message = "cursor: pass a nextCursor back exactly as it was received, or a record's time:id";
    return { code: "bad_cursor", message };
  }
  const page = new RecordPage(limit, order, after, heldBytes);
  const coverage = new Coverage();
  const stoppedAt = yield* context.records.page(context, scope, page, coverage);
  if (stoppedAt === undefined) return { ...page.response(), ...coverage.warnings() };
  const side = order.direction === 1 ? "from" : "up to";
  coverage.stoppedEarly = `the time limit was reached; records ${side} ${new Date(stoppedAt).toISOString()} were not searched yet: go on with nextCursor`;
  return { ...page.responseBefore(stoppedAt), ...coverage.warnings() };
}
