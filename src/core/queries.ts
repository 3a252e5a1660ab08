// What readers ask, and why a question may have no answer: the vocabulary that the read API, the commands and the reader thread share. All
// times are Unix milliseconds; `from` is included, `to` is not.

import type { KeyUseResponse, RejectionsResponse, TouchpointsResponse, UsageResponse } from "./account_responses.ts";
import type { ShownRecord } from "./record.ts";
import type {
  EntriesResponse,
  FieldsResponse,
  HistogramResponse,
  RunningResponse,
  SeriesResponse,
  TimingsResponse,
  ValuesResponse,
} from "./responses.ts";

/** What a question is about. */
export interface QueryScope {
  /** Undefined: all projects. */
  readonly project: string | undefined;
  /** The search language; "" matches everything. */
  readonly q: string;
  /** What times in `q` without an offset are in, an IANA name; absent: UTC. */
  readonly timeZone?: string | undefined;
  /** Record times; undefined: no bound. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** The longest list of records that one answer holds. */
export const ENTRIES_LIMIT_MAX = 10_000;

/** The most buckets that one answer holds. */
export const BUCKETS_MAX = 10_000;

/** A question with one answer. */
export type QueryRequest =
  | {
      readonly kind: "entries";
      readonly scope: QueryScope;
      readonly limit: number;
      readonly cursor: string | undefined;
    }
  /** Undefined interval: one that gives about a hundred buckets. */
  | { readonly kind: "histogram"; readonly scope: QueryScope; readonly intervalMs: number | undefined }
  /** With `byCategory`, figures of the categories of touchpoints as well. */
  | { readonly kind: "timings"; readonly scope: QueryScope; readonly byCategory?: boolean }
  | {
      readonly kind: "series";
      readonly scope: QueryScope;
      readonly intervalMs: number | undefined;
      /** One series a touchpoint instead of one in all. */
      readonly byTouchpoint: boolean;
    }
  | { readonly kind: "running"; readonly scope: QueryScope; readonly limit: number }
  | { readonly kind: "fields"; readonly scope: QueryScope }
  | { readonly kind: "values"; readonly scope: QueryScope; readonly field: string; readonly limit: number }
  | { readonly kind: "touchpoints"; readonly project: string | undefined }
  | { readonly kind: "usage" }
  | { readonly kind: "rejections"; readonly project: string | undefined; readonly limit: number }
  | { readonly kind: "keys" };

/** The response to each kind of query. */
export interface QueryResponses {
  readonly entries: EntriesResponse;
  readonly histogram: HistogramResponse;
  readonly timings: TimingsResponse;
  readonly series: SeriesResponse;
  readonly running: RunningResponse;
  readonly fields: FieldsResponse;
  readonly values: ValuesResponse;
  readonly touchpoints: TouchpointsResponse;
  readonly usage: UsageResponse;
  readonly rejections: RejectionsResponse;
  readonly keys: KeyUseResponse;
}

/** Why a question has no answer. */
export type QueryRefusalCode =
  /** The search text; `at` says where. */
  | "bad_query"
  | "bad_cursor"
  | "bad_range"
  | "unknown_project"
  | "unknown_field"
  /** Too many questions wait. */
  | "busy"
  /** The data file cannot be read, or the reader died. */
  | "unavailable"
  /** Whoever asked has gone. */
  | "cancelled";

export interface QueryRefusal {
  readonly code: QueryRefusalCode;
  readonly message: string;
  /** Where in `q`, in UTF-16 units from 0. */
  readonly at?: number;
  readonly length?: number;
}

/** How an export is written; "spreadsheet" is CSV as spreadsheets need it. */
export type ExportFormat = "ndjson" | "csv" | "spreadsheet";

/** Records in the order of ids, as NDJSON or CSV text. */
export interface ExportRequest {
  readonly format: ExportFormat;
  readonly scope: QueryScope;
}

export interface TailRequest {
  readonly project: string | undefined;
  readonly q: string;
  /** As in ReadScope. */
  readonly timeZone?: string | undefined;
  /** Go on behind this record id; undefined: from now on. */
  readonly after: number | undefined;
}

export type TailEvent =
  /** Where the tail stands before its first event: whoever comes back with this id misses nothing. */
  | { readonly kind: "position"; readonly id: number }
  | { readonly kind: "record"; readonly id: number; readonly record: ShownRecord }
  /** So many matching records, up to this id, were passed over because the reader was too slow. */
  | { readonly kind: "gap"; readonly id: number; readonly missed: number };

/** An answer, or why there is none. */
export type QueryOutcome<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly refusal: QueryRefusal };

/**
 * The running server's readers, as HTTP sees them. An aborted signal stops the work.
 */
export interface QueryService {
  /** The answer as JSON text: ReadAnswers[kind]. */
  query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>>;
  /** Pieces of text, made as they are taken. */
  export(request: ExportRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<string>>>;
  /** Events in commit order, in batches, made as they are taken; ends when the signal is aborted or the server stops. */
  tail(request: TailRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<readonly TailEvent[]>>>;
}
