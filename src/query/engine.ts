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
import { QueryMemory } from "./scan/query_memory.ts";
import type { ScanContext } from "./scan/scan.ts";
import { isRefusal, type ReadRules, refuseUnknownProject, resolveScope, type Scope } from "./scan/scope.ts";
import type { QuerySource } from "./scan/source.ts";
import type { StatisticsCache } from "./scan/statistics_cache.ts";
import { visibleRules, visibleSource } from "./scan/visible.ts";

export interface EngineOptions {
  /** Of this query alone, since it holds snapshots. */
  readonly source: QuerySource;
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
  const response = yield* respond(request, {
    ...options,
    source: visibleSource(options.source, visible),
    tables: visibleTables(options.tables, visible),
    rules: visibleRules(options.rules, visible),
  });
  return isRefusal(response) ? { ok: false, refusal: response } : { ok: true, answer: response };
}

type Response = QueryResponses[QueryRequest["kind"]] | QueryRefusal;

function* respond(request: QueryRequest, options: EngineOptions): Steps<Response> {
  const { tables, now, rules, source } = options;
  const project = "scope" in request ? request.scope.project : "project" in request ? request.project : undefined;
  const refusal = refuseUnknownProject(project, rules, () => source.projects());
  if (refusal !== undefined) return refusal;
  if (request.kind === "usage") return usageResponse(tables, rules, now);
  if (request.kind === "keys") return { keys: tables.keyUse() };
  if (request.kind === "views") return { views: tables.views(request.project) };
  if (request.kind === "touchpoints") return touchpointsResponse(tables, request.project);
  if (request.kind === "rejections") return rejectionsResponse(tables, rules, request.project, request.limit);
  const scope = resolveScope(request.scope, rules, now);
  return isRefusal(scope) ? scope : yield* respondFromRecords(request, scope, options);
}

type RecordsRequest = Extract<QueryRequest, { readonly scope: unknown }>;

function* respondFromRecords(request: RecordsRequest, scope: Scope, options: EngineOptions): Steps<Response> {
  const { tables, now } = options;
  const context = scanContext(options);
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
      return yield* latestReceivedResponse(context, scope, request);
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

function scanContext({ source, cache, limitMs, memory, onProgress }: EngineOptions): ScanContext {
  const clock = () => performance.now();
  return {
    source,
    cache,
    clock,
    memory: memory ?? new QueryMemory(),
    deadline: clock() + limitMs,
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}
