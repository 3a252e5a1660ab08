// Where the reading commands get their records: the data file on this machine, or a running server. Both have one
// interface, so a command need not know which of them it reads.

import type { Command } from "commander";
import { textWidth } from "#runtime/text_width.ts";
import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import { ENTRIES_LIMIT_MAX } from "../core/limits.ts";
import {
  type EntriesOrder,
  type QueryRefusal,
  type QueryRefusalCode,
  type QueryRequest,
  type QueryResponses,
  type QueryScope,
  type TailEvent,
  type TailRequest,
} from "../core/queries.ts";
import type { EntriesResponse, ScanWarnings } from "../core/responses.ts";
import { escapeControls, shownText } from "../core/terminal.ts";
import type { CliContext, Signals } from "./context.ts";
import type { SourceOptions } from "./options.ts";
import type { WriteText } from "./output.ts";

/** The queries that the commands send. */
export type SourceQuery = Extract<QueryRequest, { kind: "entries" | "histogram" | "timings" | "series" | "usage" }>;

/** A place to read records from. */
export interface RecordSource {
  /** Throws OperatingError: "usage" if the query is wrong, another code if it fails. */
  query<Q extends SourceQuery>(query: Q): Promise<QueryResponses[Q["kind"]]>;
  /**
   * Resolves once the tail is open. Everything committed from then on arrives in commit order, until the signal is
   * aborted.
   * Throws OperatingError.
   */
  tail(request: TailRequest, signal: AbortSignal): Promise<AsyncIterable<readonly TailEvent[]>>;
  close(): void;
}

/** Characters of the search that are shown on each side of a problem. */
const CONTEXT_LENGTH = 60;

/** A refused query as an error; `q` is its search. */
export function refusalError(
  refusal: Pick<QueryRefusal, "code" | "message" | "at" | "length">,
  q: string,
): OperatingError {
  const { code, message, at, length } = refusal;
  if (code === "bad_query") {
    const place = at === undefined ? "" : `\n${caretLines(q, at, length ?? 1)}`;
    return new OperatingError("usage", `cannot understand the search: ${message}${place}`);
  }
  if (code === "history_unavailable") {
    return new OperatingError("io", `${message}; --data FILE reads the data file alone, --url asks a running server`);
  }
  return new OperatingError(USAGE_CODES.has(code) ? "usage" : "data_unreadable", message);
}

/** Refusals that are the user's mistake. */
const USAGE_CODES: ReadonlySet<QueryRefusalCode> = new Set([
  "bad_range",
  "bad_cursor",
  "unknown_project",
  "unknown_field",
]);

/** The search, and below it marks under the place; of a long search only the part around it. */
export function caretLines(q: string, at: number, length: number): string {
  const from = Math.max(0, at - CONTEXT_LENGTH);
  const end = Math.min(q.length, at + Math.max(length, 1) + CONTEXT_LENGTH);
  const before = `${from > 0 ? "…" : ""}${escapeControls(q.slice(from, at))}`;
  const marked = escapeControls(q.slice(at, at + length));
  const after = `${escapeControls(q.slice(at + length, end))}${end < q.length ? "…" : ""}`;
  const marks = "^".repeat(Math.max(1, textWidth(marked)));
  return `  ${before}${marked}${after}\n  ${" ".repeat(textWidth(before))}${marks}`;
}

/** Empty pages in a row: a page that reached the time limit may be empty. */
const EMPTY_PAGES_MAX = 100;

/** Pages of records, newest first, or oldest first for "asc", until there are `limit` records or no others. */
export async function* recordPages(
  source: RecordSource,
  scope: QueryScope,
  limit: number,
  order: EntriesOrder = "desc",
): AsyncGenerator<EntriesResponse> {
  let cursor: string | undefined;
  let emptyPages = 0;
  for (let count = 0; count < limit; ) {
    const pageLimit = Math.min(limit - count, ENTRIES_LIMIT_MAX);
    const page = await source.query({
      kind: "entries",
      scope,
      limit: pageLimit,
      cursor,
      ...(order === "asc" ? { order } : {}),
    });
    if (page.entries.length > pageLimit)
      throw new OperatingError("io", "the server sends more records than were requested");
    emptyPages = page.entries.length === 0 ? emptyPages + 1 : 0;
    if (emptyPages > EMPTY_PAGES_MAX) throw new OperatingError("io", "the server sends empty pages without an end");
    count += page.entries.length;
    yield page;
    // A page that stopped early has a cursor too. The same cursor again means no progress.
    if (page.nextCursor === null || page.nextCursor === cursor) return;
    cursor = page.nextCursor;
  }
}

/** Opens the source that the options name. Throws OperatingError. */
export type OpenSource = (command: Command, options: SourceOptions, context: CliContext) => Promise<RecordSource>;

/** What the reading commands share. */
export interface ReadingTools {
  readonly context: CliContext;
  /** Large output, at the reader's pace. */
  readonly write: WriteText;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly openSource: OpenSource;
}

/** Characters of a server's own text that are shown. */
const WARNING_LENGTH_MAX = 500;

/** Reports on stderr that a response is incomplete. Throws OperatingError if the reason is damage. */
export function reportWarnings({ stoppedEarly, damagedBlocks }: ScanWarnings, { stderr }: CliContext): void {
  if (stoppedEarly !== undefined)
    stderr.write(`simplelogs: the result is incomplete: ${shownText(stoppedEarly, WARNING_LENGTH_MAX)}\n`);
  if (damagedBlocks === undefined) return;
  throw new OperatingError(
    "data_unreadable",
    `the result is incomplete: damaged blocks left out: ${damagedBlocks}; \`simplelogs doctor\` names them`,
  );
}
