// Questions to answers: which walk answers which question, and what all of them need. It works in steps, so that a thread can turn
// between several questions, and drop one whose asker has gone.

import { ambiguousName } from "../core/ambiguous.ts";
import type { ReadAnswers, RunningTiming, TimingsAnswer } from "../core/answers.ts";
import type { ReadOutcome, ReadRefusal, ReadRequest, ReadScope } from "../core/reading.ts";
import { NEWEST, parseCursor } from "./cursor.ts";
import type { DetailsSource } from "./details.ts";
import { readRejections, readTouchpoints, readUsage } from "./details.ts";
import { findEntries } from "./entries.ts";
import { listFields, listValues } from "./fields.ts";
import { categoryFigures, TotalsByName } from "./figures.ts";
import { countOverTime } from "./histogram.ts";
import { matchRunning } from "./running.ts";
import { Coverage, type ScanContext, type Steps } from "./scan.ts";
import { isRefusal, type ReadRules, readScope, refuseUnknownProject, type Scope } from "./scope.ts";
import { timingSeries } from "./series.ts";
import type { QuerySource } from "./source.ts";
import type { SummaryCache } from "./summary_cache.ts";
import { addTimings } from "./timings.ts";

export interface EngineOptions {
  readonly source: QuerySource;
  readonly details: DetailsSource;
  readonly cache: SummaryCache;
  readonly rules: ReadRules;
  /** Unix ms: decides what has expired. */
  readonly now: number;
  /** How long a question may take, in ms; Infinity for no limit. */
  readonly limitMs: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The answer to a request, or why there is none. Throws SQLite's error when the file cannot be read. */
export function* answerSteps(request: ReadRequest, options: EngineOptions): Steps<ReadOutcome<object>> {
  const answer = yield* new Question(options).answer(request);
  return isRefusal(answer) ? { ok: false, refusal: answer } : { ok: true, answer };
}

/** As `answerSteps`, all steps at once. */
export function answerNow(request: ReadRequest, options: EngineOptions): ReadOutcome<object> {
  const steps = answerSteps(request, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A question about records. */
type RecordRequest = Extract<ReadRequest, { readonly scope: ReadScope }>;

const BAD_CURSOR: ReadRefusal = { code: "bad_cursor", message: "cursor: give back a nextCursor as it was received" };

type Answer = ReadAnswers[ReadRequest["kind"]] | ReadRefusal;

class Question {
  readonly #options: EngineOptions;
  readonly #context: ScanContext;

  constructor(options: EngineOptions) {
    const { source, cache, limitMs, onProgress } = options;
    const clock = () => performance.now();
    this.#options = options;
    this.#context = {
      source,
      cache,
      clock,
      deadline: clock() + limitMs,
      ...(onProgress === undefined ? {} : { onProgress }),
    };
  }

  *answer(request: ReadRequest): Steps<Answer> {
    const { details, now, rules } = this.#options;
    if (request.kind === "usage") return readUsage(details, rules, now);
    if (request.kind === "keys") return { keys: details.keyUse() };
    if (request.kind === "touchpoints") {
      return this.#unknownProject(request.project) ?? readTouchpoints(details, request.project);
    }
    if (request.kind === "rejections") {
      return this.#unknownProject(request.project) ?? readRejections(details, rules, request.project, request.limit);
    }
    const scope = this.#scopeOf(request.scope);
    return isRefusal(scope) ? scope : yield* this.#ofRecords(request, scope);
  }

  *#ofRecords(request: RecordRequest, scope: Scope): Steps<Answer> {
    const context = this.#context;
    const { details, now } = this.#options;
    const running = () => matchRunning(details.waitingStarts(), scope);
    if (request.kind === "entries") {
      const after = request.cursor === undefined ? NEWEST : parseCursor(request.cursor);
      return after === undefined ? BAD_CURSOR : yield* findEntries(context, scope, { limit: request.limit, after });
    }
    if (request.kind === "histogram") return yield* countOverTime(context, scope, request.intervalMs, now);
    if (request.kind === "timings") return yield* this.#timings(scope, running(), request.byCategory === true);
    if (request.kind === "series") {
      const { intervalMs, byTouchpoint } = request;
      return yield* timingSeries(context, scope, { intervalMs, byTouchpoint, running: running(), now });
    }
    if (request.kind === "running") {
      const all = running();
      return { running: all.slice(0, request.limit), count: all.length };
    }
    if (request.kind === "fields") return yield* listFields(context, scope);
    return yield* listValues(context, scope, request.field, request.limit);
  }

  #scopeOf(scope: ReadScope): Scope | ReadRefusal {
    const refusal = this.#unknownProject(scope.project);
    return refusal ?? readScope(scope, this.#options.rules, this.#options.now);
  }

  #unknownProject(project: string | undefined): ReadRefusal | undefined {
    const { rules, source } = this.#options;
    return refuseUnknownProject(project, rules, () => source.projects());
  }

  *#timings(scope: Scope, running: readonly RunningTiming[], byCategory: boolean): Steps<TimingsAnswer> {
    const { details } = this.#options;
    const coverage = new Coverage();
    const totals = new TotalsByName();
    for (const { touchpoint } of running) totals.of(touchpoint ?? "").running++;
    yield* addTimings(
      this.#context,
      scope,
      coverage,
      (touchpoint) => totals.of(touchpoint),
      () => true,
    );
    const registered = new Set<string>();
    for (const row of details.touchpoints(scope.project)) if (row.registered) registered.add(row.name);
    const all = totals.all();
    const ambiguous = details.ambiguousPairs(scope.project, scope.from, scope.to);
    const touchpoints = all.map(([touchpoint, total]) => ({
      touchpoint,
      registered: registered.has(touchpoint),
      ambiguous: ambiguous.get(ambiguousName(touchpoint)) ?? 0,
      ...total.figures(),
    }));
    return { touchpoints, ...(byCategory ? { categories: categoryFigures(all) } : {}), ...coverage.notes() };
  }
}
