// Questions to answers: which walk answers which question, and what all of them need. It works in steps, so that a thread can turn
// between several questions, and drop one whose asker has gone.

import { ambiguousName } from "../core/ambiguous.ts";
import type { QueryOutcome, QueryRefusal, QueryRequest, QueryResponses, QueryScope } from "../core/queries.ts";
import type { TimingsResponse } from "../core/responses.ts";
import { NEWEST, parseCursor } from "./responses/cursor.ts";
import { findEntries } from "./responses/entries.ts";
import { listFields, listValues } from "./responses/fields.ts";
import { countOverTime } from "./responses/histogram.ts";
import { mostFrequentTotals, type TotalsByName } from "./responses/named_totals.ts";
import { listRunning, runningStarts } from "./responses/running.ts";
import { timingSeries } from "./responses/series.ts";
import { rejectionsResponse, type TablesSource, touchpointsResponse, usageResponse } from "./responses/tables.ts";
import { compareTexts } from "./responses/text_order.ts";
import { categoryFigures, TimingTotals, TOTALS_BYTES } from "./responses/timing_totals.ts";
import { addTimings, type TimingSink } from "./responses/timings.ts";
import { NAMES_KEPT_MAX, TOUCHPOINTS_LISTED_MAX } from "./scan/limits.ts";
import { QueryMemory } from "./scan/query_memory.ts";
import { Coverage, type ScanContext, type Steps } from "./scan/scan.ts";
import { isRefusal, type ReadRules, refuseUnknownProject, resolveScope, type Scope } from "./scan/scope.ts";
import type { QuerySource } from "./scan/source.ts";
import type { StatisticsCache } from "./scan/statistics_cache.ts";

export interface EngineOptions {
  readonly source: QuerySource;
  readonly tables: TablesSource;
  readonly cache: StatisticsCache;
  readonly rules: ReadRules;
  /** Unix ms: decides what has expired. */
  readonly now: number;
  /** How long a question may take, in ms; Infinity for no limit. */
  readonly limitMs: number;
  /** Where it says what it holds; absent: nobody asks. */
  readonly memory?: QueryMemory;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The answer to a request, or why there is none. Throws SQLite's error when the file cannot be read. */
export function* querySteps(request: QueryRequest, options: EngineOptions): Steps<QueryOutcome<object>> {
  const answer = yield* new Question(options).answer(request);
  return isRefusal(answer) ? { ok: false, refusal: answer } : { ok: true, answer };
}

/** As `answerSteps`, all steps at once. */
export function runQuery(request: QueryRequest, options: EngineOptions): QueryOutcome<object> {
  const steps = querySteps(request, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A question about records. */
type RecordRequest = Extract<QueryRequest, { readonly scope: QueryScope }>;

const BAD_CURSOR: QueryRefusal = { code: "bad_cursor", message: "cursor: give back a nextCursor as it was received" };

type Answer = QueryResponses[QueryRequest["kind"]] | QueryRefusal;

class Question {
  readonly #options: EngineOptions;
  readonly #context: ScanContext;

  constructor(options: EngineOptions) {
    const { source, cache, limitMs, memory = new QueryMemory(), onProgress } = options;
    const clock = () => performance.now();
    this.#options = options;
    this.#context = {
      source,
      cache,
      clock,
      memory,
      deadline: clock() + limitMs,
      ...(onProgress === undefined ? {} : { onProgress }),
    };
  }

  *answer(request: QueryRequest): Steps<Answer> {
    const { tables, now, rules } = this.#options;
    if (request.kind === "usage") return usageResponse(tables, rules, now);
    if (request.kind === "keys") return { keys: tables.keyUse() };
    if (request.kind === "touchpoints") {
      return this.#unknownProject(request.project) ?? touchpointsResponse(tables, request.project);
    }
    if (request.kind === "rejections") {
      return this.#unknownProject(request.project) ?? rejectionsResponse(tables, rules, request.project, request.limit);
    }
    const scope = this.#scopeOf(request.scope);
    return isRefusal(scope) ? scope : yield* this.#ofRecords(request, scope);
  }

  *#ofRecords(request: RecordRequest, scope: Scope): Steps<Answer> {
    const context = this.#context;
    const { tables, now } = this.#options;
    if (request.kind === "entries") {
      const after = request.cursor === undefined ? NEWEST : parseCursor(request.cursor);
      return after === undefined ? BAD_CURSOR : yield* findEntries(context, scope, { limit: request.limit, after });
    }
    if (request.kind === "histogram") return yield* countOverTime(context, scope, request.intervalMs, now);
    if (request.kind === "timings") return yield* this.#timings(scope, request.byCategory === true);
    if (request.kind === "series") {
      const { intervalMs, byTouchpoint } = request;
      const running = yield* runningStarts(tables.openStarts(), scope);
      return yield* timingSeries(context, scope, { intervalMs, byTouchpoint, running, now });
    }
    if (request.kind === "running") return yield* listRunning(tables.openStarts(), scope, request.limit);
    if (request.kind === "fields") return yield* listFields(context, scope);
    return yield* listValues(context, scope, request.field, request.limit);
  }

  #scopeOf(scope: QueryScope): Scope | QueryRefusal {
    const refusal = this.#unknownProject(scope.project);
    return refusal ?? resolveScope(scope, this.#options.rules, this.#options.now);
  }

  #unknownProject(project: string | undefined): QueryRefusal | undefined {
    const { rules, source } = this.#options;
    return refuseUnknownProject(project, rules, () => source.projects());
  }

  *#timings(scope: Scope, byCategory: boolean): Steps<TimingsResponse> {
    const { tables } = this.#options;
    const context = this.#context;
    const coverage = new Coverage();
    const running = yield* runningStarts(tables.openStarts(), scope);
    const pass = function* (totals: TotalsByName<TimingTotals>): Steps<void> {
      const sink: TimingSink = {
        count: (touchpoint, timings) => totals.count(touchpoint, timings),
        totals: (number) => totals.at(number),
        get bytes() {
          return totals.names.bytes + totals.names.size * TOTALS_BYTES;
        },
      };
      for (const { touchpoint } of running) {
        const number = totals.count(touchpoint, 1);
        if (number !== -1) totals.at(number).running++;
      }
      yield* addTimings(context, scope, coverage, sink, () => true);
    };
    const bounds = { listedMax: TOUCHPOINTS_LISTED_MAX, keptMax: NAMES_KEPT_MAX };
    const { listed, more } = yield* mostFrequentTotals(bounds, () => new TimingTotals(), pass);
    const registered = new Set(tables.registered(scope.project));
    const ambiguous = tables.ambiguousPairs(scope.project, scope.from, scope.to);
    const all = listed.toSorted(([a], [b]) => compareTexts(a, b));
    const touchpoints = all.map(([touchpoint, total]) => ({
      touchpoint,
      registered: registered.has(touchpoint),
      ambiguous: ambiguous.get(ambiguousName(touchpoint)) ?? 0,
      ...total.figures(),
    }));
    return {
      more,
      touchpoints,
      ...(byCategory ? { categories: categoryFigures(all) } : {}),
      ...coverage.gaps(),
    };
  }
}
