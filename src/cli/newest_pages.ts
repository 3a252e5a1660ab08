// The newest records of a scope, page by page.

import type { EntriesAnswer } from "../core/answers.ts";
import { ENTRIES_LIMIT_MAX, type ReadScope } from "../core/reading.ts";
import type { RecordSource } from "./source.ts";

/** Pages, newest first, until there are `limit` records or no more. */
export async function* newestPages(
  source: RecordSource,
  scope: ReadScope,
  limit: number,
): AsyncGenerator<EntriesAnswer> {
  let cursor: string | undefined;
  for (let count = 0; count < limit; ) {
    const pageLimit = Math.min(limit - count, ENTRIES_LIMIT_MAX);
    const page = await source.ask({ kind: "entries", scope, limit: pageLimit, cursor });
    count += page.entries.length;
    yield page;
    // A page that stopped early is gone on with, unless it came no further at all.
    if (page.nextCursor === null || page.nextCursor === cursor) return;
    cursor = page.nextCursor;
  }
}
