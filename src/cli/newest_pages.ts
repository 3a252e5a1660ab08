// The newest records of a scope, page by page.

import { OperatingError } from "../core/errors.ts";
import { ENTRIES_LIMIT_MAX, type QueryScope } from "../core/queries.ts";
import type { EntriesResponse } from "../core/responses.ts";
import type { RecordSource } from "./source.ts";

/** Pages without a record in a row; one that a time limit ended may be empty. */
const EMPTY_PAGES_MAX = 100;

/** Pages, newest first, until there are `limit` records or no more. */
export async function* newestPages(
  source: RecordSource,
  scope: QueryScope,
  limit: number,
): AsyncGenerator<EntriesResponse> {
  let cursor: string | undefined;
  let emptyPages = 0;
  for (let count = 0; count < limit; ) {
    const pageLimit = Math.min(limit - count, ENTRIES_LIMIT_MAX);
    const page = await source.ask({ kind: "entries", scope, limit: pageLimit, cursor });
    if (page.entries.length > pageLimit)
      throw new OperatingError("io", "the server sends more records than were asked for");
    emptyPages = page.entries.length === 0 ? emptyPages + 1 : 0;
    if (emptyPages > EMPTY_PAGES_MAX) throw new OperatingError("io", "the server sends no records, and no end");
    count += page.entries.length;
    yield page;
    // A page that stopped early is gone on with, unless it came no further at all.
    if (page.nextCursor === null || page.nextCursor === cursor) return;
    cursor = page.nextCursor;
  }
}
