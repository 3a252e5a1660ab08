// Where the reading commands get their answers: the data file on this machine, or a running server. One interface, so that a command
// need not know which.

import { textWidth } from "#runtime/text_width.ts";
import { OperatingError } from "../core/errors.ts";
import type {
  QueryRefusal,
  QueryRefusalCode,
  QueryRequest,
  QueryResponses,
  TailEvent,
  TailRequest,
} from "../core/queries.ts";
import { escapeControls } from "../core/terminal.ts";

/** What the commands ask. */
export type Question = Extract<QueryRequest, { kind: "entries" | "histogram" | "timings" | "series" | "usage" }>;

export interface RecordSource {
  /** Throws OperatingError: "usage" where the question is wrong, else why it cannot be answered. */
  ask<Q extends Question>(question: Q): Promise<QueryResponses[Q["kind"]]>;
  /**
   * Resolves once the tail stands: whatever is committed from then on comes, in commit order, until the signal is aborted.
   * Throws OperatingError.
   */
  tail(request: TailRequest, signal: AbortSignal): Promise<AsyncIterable<readonly TailEvent[]>>;
  close(): void;
}

/** Text beside a place in a search that is shown, in characters. */
const CONTEXT_LENGTH = 60;

/** A refused question as an error; `q` is the search that it is about. */
export function refusalError(
  refusal: Pick<QueryRefusal, "code" | "message" | "at" | "length">,
  q: string,
): OperatingError {
  const { code, message, at, length } = refusal;
  if (code === "bad_query") {
    const place = at === undefined ? "" : `\n${caretLines(q, at, length ?? 1)}`;
    return new OperatingError("usage", `cannot understand the search: ${message}${place}`);
  }
  return new OperatingError(ASKERS_FAULT.has(code) ? "usage" : "data_unreadable", message);
}

/** Refusals that another question would not get. */
const ASKERS_FAULT: ReadonlySet<QueryRefusalCode> = new Set([
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
  const behind = `${escapeControls(q.slice(at + length, end))}${end < q.length ? "…" : ""}`;
  const marks = "^".repeat(Math.max(1, textWidth(marked)));
  return `  ${before}${marked}${behind}\n  ${" ".repeat(textWidth(before))}${marks}`;
}
