// The query engine: requests enter, responses leave. It dispatches each kind of request to the file that answers it,
// and is the only file of the room that imports all others. Queries run in steps, so that a thread can take turns
// between them, and cancel one.

import type { QueryOutcome, QueryRefusal, QueryRequest, QueryResponses } from "../core/queries.ts";
import type { Steps } from "../core/steps.ts";
import { breakdownResponse } from "./responses/breakdown.ts";
import { entriesResponse } from "./responses/entries.ts";
import { valuesResponse } from "./responses/field_values.ts";
import { fieldsResponse } from "./responses/fields.ts";
import { histogramResponse } from "./responses/histogram.ts";
import { latestReceivedResponse } from "./responses/latest_received.ts";
import { markersResponse } from "./responses/markers.ts";
import { measureResponse } from "./responses/measure.ts";
import { patternsResponse } from "./responses/patterns.ts";
import { ruleSeriesResponse } from "./responses/rule_series.ts";
import { matchingStarts, runningResponse } from "./responses/running.ts";
import { rejectionsResponse, type TablesSource, touchpointsResponse, usageResponse } from "./responses/tables.ts";
import { seriesResponse, timingsResponse } from "./responses/timings.ts";
import { traceResponse } from "./responses/trace.ts";
import { USUAL_MS, UsualDurations } from "./responses/usual_durations.ts";
import { visibleTables } from "./responses/visible_tables.ts";
import { JoinedRecords } from "./scan/joined_records.ts";
import { LocalRecords } from "./scan/local_records.ts";
import { QueryMemory } from "./scan/query_memory.ts";
import { HistoryError, type QueryLimits, type RecordStream, type Records, type ScanContext } from "./scan/records.ts";
import { isRefusal, type ReadRules, refuseUnknownProjectSteps, resolveScope, type Scope } from "./scan/scope.ts";
import type { QuerySource } from "./scan/source.ts";
import type { StatisticsCache } from "./scan/statistics_cache.ts";
import { type Visible, visibleRules, visibleSource } from "./scan/visible.ts";

/** What a query reads of the history. */
export interface HistoryRange {
  /** Of this node's records those up to this id, as it is shown: all others are read in the data file. */
  readonly shippedUpTo: number;
  /** Of these projects only; undefined: of all. */
  readonly visible: Visible;
  /** The projects of the data file: what is shipped of a new one is read at once. */
  readonly ownProjects: readonly string[];
  /** Nothing of other nodes. */
  readonly isOwnOnly: boolean;
}

/** The records of a history. */
export interface HistoryRecords extends Records {
  /** The records of a scope with ids above `after` and up to `upTo`, as they are shown, in their order. Throws HistoryError. */
  inOrder(limits: QueryLimits, scope: Scope, after: number, upTo: number): RecordStream;
}

/** Which records of this node the data file may lack. */
export interface RemovedFromFile {
  /** Those with higher ids, as they are shown, are all there. */
  readonly upTo: number;
  /** Those that were received later are all there. Unix ms. */
  readonly receivedUpTo: number;
}

/** A store of records beside the data file. */
export interface History {
  /** The highest id, as it is shown, up to which the data file's records are in the history. Read for each query. */
  readonly shippedUpTo: () => number;
  /** What was removed from the data file, and is in the history alone. Read for each query. */
  readonly removed: () => RemovedFromFile;
  /** The records of the history that a query reads. */
  readonly records: (range: HistoryRange) => HistoryRecords;
}

export interface EngineOptions {
  /** Of this query alone, since it holds snapshots. */
  readonly source: QuerySource;
  /** Where older records and those of other nodes are; undefined: all are in the data file. */
  readonly history?: History | undefined;
  readonly tables: TablesSource;
  readonly cache: StatisticsCache;
  readonly rules: ReadRules;
  /** Unix ms: decides which records have expired. */
  readonly now: number;
  /** How long the query may take, in ms; Infinity for no limit. Past it, the response covers a part and says so. */
  readonly limitMs: number;
  /** Where the query reports the memory that it holds. */
  readonly memory?: QueryMemory;
  /** Called after each block with the number of visited blocks, and of all blocks. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The response to a request, or why there is none. Throws SQLite's error when the file cannot be read. */
export function* querySteps(request: QueryRequest, options: EngineOptions): Steps<QueryOutcome<object>> {
  const { visible } = request;
  try {
    const response = yield* respondWhole(request, {
      ...options,
      source: visibleSource(options.source, visible),
      tables: visibleTables(options.tables, visible),
      rules: visibleRules(options.rules, visible),
    });
    return isRefusal(response) ? { ok: false, refusal: response } : { ok: true, answer: response };
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    return { ok: false, refusal: { code: "history_unavailable", message: error.message } };
  }
}

type Response = QueryResponses[QueryRequest["kind"]] | QueryRefusal;

/** How often a rule's records are read again because some were removed from the data file meanwhile. */
const READ_AGAIN_MAX = 3;

/**
 * A rule measures what this node received: each node measures its own projects. It reads in the data file what is still
 * there, so it goes on while the history cannot be reached, and asks little of it.
 */
function* respondWhole(request: QueryRequest, options: EngineOptions): Steps<Response> {
  const { history } = options;
  if (history === undefined) return yield* respond(request, options, undefined);
  for (let times = 0; isOfNode(request) && times < READ_AGAIN_MAX; times++) {
    const { upTo, receivedUpTo } = history.removed();
    const isLocal = request.kind === "measure" && request.received.after >= receivedUpTo;
    const response = yield* respond(request, options, isLocal ? undefined : Math.min(upTo, history.shippedUpTo()));
    const now = history.removed();
    if (now.upTo === upTo && now.receivedUpTo === receivedUpTo) return response;
  }
  // What is in the history stays in the data file for longer than any query lasts.
  return yield* respond(request, options, history.shippedUpTo());
}

/** Whether a query reads nothing of other nodes. */
function isOfNode({ kind }: QueryRequest): boolean {
  return kind === "measure" || kind === "rule_series";
}

/** @param historyUpTo records of this node up to this id, as it is shown, are read in the history; undefined: none is */
function* respond(request: QueryRequest, options: EngineOptions, historyUpTo: number | undefined): Steps<Response> {
  const { tables, now, rules } = options;
  const context = scanContext(options, request, historyUpTo);
  const project = "scope" in request ? request.scope.project : "project" in request ? request.project : undefined;
  const refusal = yield* refuseUnknownProjectSteps(project, rules, () => context.records.projects(context));
  if (refusal !== undefined) return refusal;
  if (request.kind === "usage") return usageResponse(tables, rules, now);
  if (request.kind === "keys") return { keys: tables.keyUse() };
  if (request.kind === "views") return { views: tables.views(request.project) };
  if (request.kind === "touchpoints") return touchpointsResponse(tables, request.project);
  if (request.kind === "rejections") return rejectionsResponse(tables, rules, request.project, request.limit);
  const scope = resolveScope(request.scope, rules, now);
  return isRefusal(scope) ? scope : yield* respondFromRecords(request, scope, context, options);
}

type RecordsRequest = Extract<QueryRequest, { readonly scope: unknown }>;

function* respondFromRecords(
  request: RecordsRequest,
  scope: Scope,
  context: ScanContext,
  options: EngineOptions,
): Steps<Response> {
  const { tables, now, source, cache } = options;
  switch (request.kind) {
    case "entries":
      return yield* entriesResponse(context, scope, request);
    case "trace":
      return yield* traceResponse(context, scope, { ...request, openStarts: tables.openStarts() });
    case "histogram":
      return yield* histogramResponse(context, scope, { ...request, now });
    case "timings": {
      const running = yield* matchingStarts(tables.openStarts(), scope);
      return yield* timingsResponse(context, scope, { ...request, running, tables });
    }
    case "series": {
      const running = yield* matchingStarts(tables.openStarts(), scope);
      return yield* seriesResponse(context, scope, { ...request, running, now });
    }
    case "running":
      return yield* runningTimings(context, scope, request, options);
    case "fields":
      return yield* fieldsResponse(context, scope);
    case "measure":
      return yield* measureResponse(context, scope, request);
    case "rule_series":
      return yield* ruleSeriesResponse(context, scope, request, {
        starts: request.rule.kind === "running" ? [...tables.openStarts()] : [],
        timeoutMs: options.rules.timeoutMs ?? Number.POSITIVE_INFINITY,
      });
    case "latest_received":
      return yield* latestReceivedResponse({ ...context, source, cache }, scope, request);
    case "breakdown": {
      const base = resolveScope({ ...request.scope, q: request.among ?? "" }, options.rules, now);
      if (isRefusal(base)) return { code: base.code, message: `among: ${base.message}` };
      return yield* breakdownResponse(context, scope, { base, limit: request.limit });
    }
    case "markers":
      return yield* markersResponse(context, scope, options.rules);
    case "patterns":
      return yield* patternsResponse(context, scope, { ...request, now });
    case "values":
    default:
      return yield* valuesResponse(context, scope, request);
  }
}

type RunningQuery = Extract<QueryRequest, { readonly kind: "running" }>;

function* runningTimings(
  context: ScanContext,
  scope: Scope,
  { limit, withP99 = false, isByP99 = false }: RunningQuery,
  { tables, rules, now }: EngineOptions,
): Steps<Response> {
  const { timeoutMs } = rules;
  if (!withP99 && !isByP99) return yield* runningResponse(tables.openStarts(), scope, { limit, timeoutMs });
  const usual = new UsualDurations(yield* matchingStarts(tables.openStarts(), scope));
  const lastWeek = resolveScope({ project: undefined, q: "", from: now - USUAL_MS, to: undefined }, rules, now);
  if (isRefusal(lastWeek)) return lastWeek;
  yield* usual.count(context, lastWeek);
  return yield* runningResponse(tables.openStarts(), scope, { limit, timeoutMs, usual, isByP99, now });
}

function scanContext(options: EngineOptions, request: QueryRequest, historyUpTo: number | undefined): ScanContext {
  const { limitMs, memory, onProgress } = options;
  const clock = () => performance.now();
  return {
    records: recordsOf(options, request, historyUpTo),
    clock,
    memory: memory ?? new QueryMemory(),
    deadline: clock() + limitMs,
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}

function recordsOf(
  { source, cache, history }: EngineOptions,
  request: QueryRequest,
  historyUpTo: number | undefined,
): Records {
  const local = new LocalRecords(source, cache);
  if (history === undefined || historyUpTo === undefined) return local;
  const range = {
    shippedUpTo: historyUpTo,
    visible: request.visible,
    ownProjects: source.projects(),
    isOwnOnly: isOfNode(request),
  };
  return new JoinedRecords(local, history.records(range), historyUpTo);
}
