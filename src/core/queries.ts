// Queries, exports and live tails as the read API, the commands and the reader thread pass them on, and why one is
// refused. All times are Unix milliseconds. A range includes `from` and excludes `to`.

import type { KeyUseResponse, RejectionsResponse, TouchpointsResponse, UsageResponse } from "./account_responses.ts";
import type { AlertRule } from "./alert_rule.ts";
import type { TimeSpan } from "./compare.ts";
import type { ShownRecord } from "./record.ts";
import type {
  BreakdownResponse,
  EntriesResponse,
  FieldsResponse,
  HistogramResponse,
  LatestReceivedResponse,
  MarkersResponse,
  MeasureResponse,
  PatternsResponse,
  RuleSeriesResponse,
  RunningResponse,
  SeriesResponse,
  TimingsResponse,
  TraceResponse,
  ValuesResponse,
} from "./responses.ts";
import type { ViewsResponse } from "./views.ts";

/** The records that a query reads: those of a project and a time range that match a search. */
export interface QueryScope {
  /** Undefined: all projects. */
  readonly project: string | undefined;
  /** The search language; "" matches everything. */
  readonly q: string;
  /** Time zone of times in `q` that have no offset, an IANA name. Default: UTC. */
  readonly timeZone?: string | undefined;
  /** Record times; undefined: no bound. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** By time, then by id: newest first, or oldest first. */
export type EntriesOrder = "desc" | "asc";

/** The order of touchpoints: by name, or by a figure, the largest first. */
export const TIMINGS_SORTS = ["name", "count", "p95", "total", "worse"] as const;
export type TimingsSort = (typeof TIMINGS_SORTS)[number];

/** A query whose response also has what it counts in another range. */
interface Compared {
  /** Undefined: none. */
  readonly compared?: TimeSpan | undefined;
}

/** What a request may be narrowed to. */
interface Visible {
  /** The projects that whoever asks may see; undefined: all. Nothing of another project is in the response. */
  readonly visible?: readonly string[];
}

/** A query with one response; QueryResponses has its type by kind. */
export type QueryRequest = Visible & AnyQuery;

type AnyQuery =
  | {
      readonly kind: "entries";
      readonly scope: QueryScope;
      readonly limit: number;
      readonly cursor: string | undefined;
      /** Undefined: "desc". */
      readonly order?: EntriesOrder;
    }
  /** The records of a key nearest to a time, Unix ms. */
  | { readonly kind: "trace"; readonly scope: QueryScope; readonly key: string; readonly around: number }
  /** Without an interval, the reader chooses one that gives about a hundred buckets. */
  | ({ readonly kind: "histogram"; readonly scope: QueryScope; readonly intervalMs: number | undefined } & Compared)
  /** With `byCategory`, the response also has the statistics of each category of touchpoints. */
  | ({
      readonly kind: "timings";
      readonly scope: QueryScope;
      readonly byCategory?: boolean;
      /** Undefined: "name". */
      readonly sort?: TimingsSort | undefined;
      /** The most touchpoints listed. Undefined: as many as there can be. */
      readonly limit?: number | undefined;
    } & Compared)
  | ({
      readonly kind: "series";
      readonly scope: QueryScope;
      readonly intervalMs: number | undefined;
      /** One series for each touchpoint, instead of one for all. */
      readonly byTouchpoint: boolean;
      /** Each bucket's timings by their durations as well. */
      readonly byDuration?: boolean;
    } & Compared)
  /** `withP99` adds the usual p99 of each start's touchpoint, and `isByP99` orders by how many times it they run. */
  | {
      readonly kind: "running";
      readonly scope: QueryScope;
      readonly limit: number;
      readonly withP99?: boolean;
      readonly isByP99?: boolean;
    }
  | { readonly kind: "fields"; readonly scope: QueryScope }
  /** With `byProject`, equal values of two projects are counted apart. */
  | {
      readonly kind: "values";
      readonly scope: QueryScope;
      readonly field: string;
      readonly limit: number;
      readonly byProject?: boolean;
    }
  | ({ readonly kind: "patterns"; readonly scope: QueryScope; readonly limit: number } & Compared)
  /** With `among`, a search, only records that match it are found or compared with. */
  | { readonly kind: "breakdown"; readonly scope: QueryScope; readonly limit: number; readonly among?: string }
  | MeasureRequest
  | RuleSeriesRequest
  /** Not a route: alerts alone ask it. The record that was received last in (after, upTo], Unix ms. */
  | { readonly kind: "latest_received"; readonly scope: QueryScope; readonly after: number; readonly upTo: number }
  /** The search of the scope is not looked at: the configuration's finds the markers. */
  | { readonly kind: "markers"; readonly scope: QueryScope }
  | { readonly kind: "touchpoints"; readonly project: string | undefined }
  | { readonly kind: "usage" }
  | { readonly kind: "rejections"; readonly project: string | undefined; readonly limit: number }
  | { readonly kind: "keys" }
  /** The saved views of a project and everybody's; project undefined: all. */
  | { readonly kind: "views"; readonly project: string | undefined };

/** Records received after the first instant, and up to the second, Unix ms. */
export interface ReceivedWindow {
  readonly after: number;
  readonly upTo: number;
  /** The lowest id: records of before the clock was set back have lower ones. Undefined: any. */
  readonly fromId?: number | undefined;
}

/** What a rule measures. Not a route: rules alone ask it. */
export interface MeasureRequest {
  readonly kind: "measure";
  /** Of any record time within retention. */
  readonly scope: QueryScope;
  readonly received: ReceivedWindow;
  /** A search: the records among which those that match are counted. Undefined: those that match. */
  readonly of?: string | undefined;
  /** Of the durations of completed timings, 0 to 100; undefined: none is computed. */
  readonly percentile?: number | undefined;
  /** The same for each of a field's values: the `known` ones, and the most frequent, MEASURED_GROUPS_MAX of them. */
  readonly groups?:
    | {
        /** touchpoint, key, apiKey, project, level, source, keyType, kind, status or a metadata field. */
        readonly field: string;
        readonly known: readonly string[];
        /** Whether the most frequent values are those of the records in `of`; default: of those that match. */
        readonly isOfAll?: boolean;
      }
    | undefined;
}

/**
 * What a rule would have measured at each of its evaluations over a range, from one scan. Not a route: a preview asks it.
 */
export interface RuleSeriesRequest {
  readonly kind: "rule_series";
  /** The rule's search. */
  readonly scope: QueryScope;
  readonly rule: AlertRule;
  /** As in MeasureRequest. */
  readonly of?: string | undefined;
  /** Evaluations from the first instant to the second, Unix ms. */
  readonly evaluated: { readonly from: number; readonly to: number };
}

/** The response to each kind of query. */
export interface QueryResponses {
  readonly entries: EntriesResponse;
  readonly trace: TraceResponse;
  readonly histogram: HistogramResponse;
  readonly timings: TimingsResponse;
  readonly series: SeriesResponse;
  readonly running: RunningResponse;
  readonly latest_received: LatestReceivedResponse;
  readonly fields: FieldsResponse;
  readonly values: ValuesResponse;
  readonly patterns: PatternsResponse;
  readonly breakdown: BreakdownResponse;
  readonly measure: MeasureResponse;
  readonly rule_series: RuleSeriesResponse;
  readonly markers: MarkersResponse;
  readonly touchpoints: TouchpointsResponse;
  readonly usage: UsageResponse;
  readonly rejections: RejectionsResponse;
  readonly keys: KeyUseResponse;
  readonly views: ViewsResponse;
}

/** Why a query is refused. */
export type QueryRefusalCode =
  /** The search cannot be parsed; `at` says where. */
  | "bad_query"
  | "bad_cursor"
  | "bad_range"
  | "unknown_project"
  | "unknown_field"
  /** Whoever asks may not read it. */
  | "forbidden"
  /** Too many queries run or wait. */
  | "busy"
  /** The data file cannot be read, or the reader died. */
  | "unavailable"
  /** The store of records beside the data file cannot be read. */
  | "history_unavailable"
  /** The client disconnected. */
  | "cancelled";

/** A refused query. The message is for people. */
export interface QueryRefusal {
  readonly code: QueryRefusalCode;
  readonly message: string;
  /** Where in `q`, in UTF-16 units from 0. */
  readonly at?: number;
  readonly length?: number;
}

/** Format of an export. "spreadsheet" is CSV in the dialect that spreadsheets open. */
export type ExportFormat = "ndjson" | "csv" | "spreadsheet";

/** Records in the order of ids, as NDJSON or CSV text. */
export interface ExportRequest extends Visible {
  readonly format: ExportFormat;
  /** Of CSV: its columns, as a search names fields. Undefined: every member of a record, metadata as one. */
  readonly columns?: readonly string[] | undefined;
  readonly scope: QueryScope;
}

/** A live tail: matching records as they are committed. */
export interface TailRequest extends Visible {
  readonly project: string | undefined;
  readonly q: string;
  /** As in QueryScope. */
  readonly timeZone?: string | undefined;
  /** Continue after this record id. Undefined: start with the next record. */
  readonly after: number | undefined;
}

/** An event of a live tail. */
export type TailEvent =
  /** Where the tail starts. A client that reconnects with this id misses nothing. */
  | { readonly kind: "position"; readonly id: number }
  | { readonly kind: "record"; readonly id: number; readonly record: ShownRecord }
  /** The client was too slow: this many matching records, up to this id, were skipped. */
  | { readonly kind: "gap"; readonly id: number; readonly missed: number };

/** A response, or the refusal. */
export type QueryOutcome<T> =
  | { readonly ok: true; readonly answer: T }
  | { readonly ok: false; readonly refusal: QueryRefusal };

/** Runs queries on the reader thread. An aborted signal stops the work. */
export interface QueryService {
  /** Returns the response as JSON text; QueryResponses[kind] is its type. */
  query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>>;
  /** Chunks of text, produced as the caller takes them. */
  export(request: ExportRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<string>>>;
  /**
   * Batches of events in commit order, produced as the caller takes them. Ends when the signal is aborted or the server
   * stops.
   */
  tail(request: TailRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<readonly TailEvent[]>>>;
}
