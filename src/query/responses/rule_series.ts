// What a rule would have measured at each of its evaluations over a range, from one scan over the records that it may have
// looked at: for each record, the first and the last evaluation in whose window it was received. So the cost follows the
// records and the evaluations, and not their product. What is measured is what measure.ts measures at one of them.
//
// Bounds: EVALUATIONS_MAX, CELLS_MAX, and of durations SAMPLES_MAX, of which the latest are kept; the begin of the range
// moves to where they suffice.

import type { OpenBlock } from "../../block/open_block.ts";
import { BucketNumbers, SlidingSketch } from "../../block/stats/sliding_sketch.ts";
import { MEASURED_GROUPS_MAX } from "../../core/limits.ts";
import type { QueryRefusal, RuleSeriesRequest } from "../../core/queries.ts";
import type { RuleSeriesResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { allOf, type Expression, type Term } from "../../search/expression.ts";
import { parseSearch } from "../../search/parser.ts";
import { matchSteps } from "../match/evaluate.ts";
import type { CountedAsk } from "../scan/counted.ts";
import { Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { DurationSamples } from "./duration_samples.ts";
import { EvaluationCounts, EvaluationGrid } from "./evaluation_grid.ts";
import { fieldOf, valuesResponse } from "./field_values.ts";
import { type Durations, durationsOf, narrowed, termOf } from "./measure.ts";
import { addOpenTimings, type OpenTimings, runningGroups } from "./rule_running.ts";
import { RuleRuns } from "./rule_runs.ts";

/** A week of evaluations each second. */
const EVALUATIONS_MAX = 604_801;
/** Evaluations times instances: 16 MiB for each counter. */
const CELLS_MAX = 4 * 1024 * 1024;
/** Cells between two steps. */
const STEP_CELLS = 16_384;

/** The counters of the only instance, or of one of a field's values. */
export interface SeriesCounters {
  /** Null: the only one. */
  readonly value: string | null;
  /** What its records match; undefined: everything. */
  readonly term: Term | undefined;
  readonly counts: EvaluationCounts;
  /** Of a share. */
  readonly of: EvaluationCounts | undefined;
}

/** See the head of the file. @param timings what is known of open timings; for rules of kind "running" */
export function* ruleSeriesResponse(
  context: ScanContext,
  scope: Scope,
  request: RuleSeriesRequest,
  timings: OpenTimings,
): Steps<RuleSeriesResponse | QueryRefusal> {
  const { rule, of, evaluated } = request;
  const { everyMs, windowMs, groupBy } = rule;
  const options = { ...evaluated, everyMs, windowMs };
  const base = of === undefined ? { ok: true as const, search: scope.search } : parseSearch(of, request.scope.timeZone);
  if (!base.ok) return { code: "bad_query", ...base.problem };
  const whole = new EvaluationGrid({ ...options, evaluationsMax: EVALUATIONS_MAX });
  const coverage = new Coverage();
  let values: readonly (string | null)[] = [null];
  let hasMoreValues = false;
  if (groupBy !== undefined) {
    const listed = rule.side === "below" ? base.search : allOf([base.search, scope.search]);
    const found =
      rule.kind === "running"
        ? yield* runningGroups(context, scope, whole, groupBy, timings)
        : yield* groupValues(context, inWindow(scope, listed, whole), groupBy);
    if (isRefusal(found)) return found;
    values = found.values;
    hasMoreValues = found.hasMore;
  }
  const evaluationsMax = Math.min(EVALUATIONS_MAX, Math.floor(CELLS_MAX / Math.max(1, values.length)));
  const grid = new EvaluationGrid({ ...options, evaluationsMax });
  const field = groupBy === undefined ? undefined : fieldOf(groupBy);
  const all: SeriesCounters[] = values.map((value) => ({
    value,
    term: value === null || field === undefined ? undefined : termOf(groupBy ?? "", field, value),
    counts: new EvaluationCounts(grid.count),
    of: of === undefined ? undefined : new EvaluationCounts(grid.count),
  }));
  const samples = rule.kind === "percentile" ? new DurationSamples(grid.count) : undefined;
  if (grid.count > 0 && rule.kind === "running") {
    yield* addOpenTimings(context, scope, grid, { series: all, field: groupBy, timings, coverage });
  } else if (grid.count > 0) {
    const visit = function* (scanned: ScannedBlock): Steps<void> {
      const matches = yield* scanned.matches();
      if (matches === "none") return;
      const block = yield* scanned.open();
      const { project } = scanned.block;
      const own = of === undefined ? matches : narrowed(matches, yield* matchSteps(scope.search, block, project));
      const masks: (Uint8Array | undefined)[] = [];
      for (const { term } of all) masks.push(term === undefined ? undefined : yield* matchSteps(term, block, project));
      // Read before anything is counted, so that nothing is counted of a damaged block.
      const durations = samples === undefined ? undefined : durationsOf(block);
      const spans = spansOf(block, matches, grid);
      for (const [number, { counts, of: ofCounts }] of all.entries()) {
        const mask = masks[number];
        if (ofCounts !== undefined) count(ofCounts, matches, mask, spans);
        count(counts, own, mask, spans);
        if (samples !== undefined && durations !== undefined)
          addDurations(samples, number, durations, own, mask, spans);
        yield undefined;
      }
      context.memory.setCollected((samples?.bytes ?? 0) + grid.count * 4 * all.length * (of === undefined ? 1 : 2));
    };
    const counted =
      samples === undefined ? countedBy(grid, all, of === undefined ? undefined : scope.search) : undefined;
    yield* scanRecords(context, inWindow(scope, base.search, grid), coverage, visit, counted);
  }
  const cut = samples?.firstKept ?? 0;
  const runs = new RuleRuns(rule, values, grid.count);
  yield* measureAll(runs, all, grid, samples, rule.percentile);
  const { series, cut: runsCut } = runs.result(cut);
  return {
    from: grid.at(runsCut),
    evaluations: grid.count - runsCut,
    series,
    points: runs.points((index) => grid.at(index)),
    firstReceivedAt: (yield* context.records.firstReceived(context)) ?? null,
    ...(grid.isCut || runsCut > 0 ? { isCut: true } : {}),
    ...(hasMoreValues ? { hasMoreValues } : {}),
    ...coverage.warnings(),
  };
}

/** Counts the records of each series by when they were received. @param matching undefined: all match */
function countedBy(grid: EvaluationGrid, all: readonly SeriesCounters[], matching: Expression | undefined): CountedAsk {
  const terms = all.flatMap(({ term }) => term ?? []);
  const { cells } = grid;
  return {
    kind: "measured",
    matching,
    groups: terms,
    hasDurations: false,
    cells,
    add: (group, measured, cell) => {
      const series = terms.length === 0 ? all[0] : all[group];
      const received = cells.from + cell * cells.widthMs;
      const [first, last] = [grid.firstFrom(received), grid.lastWith(received)];
      series?.counts.add(first, last, measured.count);
      series?.of?.add(first, last, measured.of);
    },
  };
}

/** The records that any evaluation looks at. */
function inWindow(scope: Scope, search: Expression, grid: EvaluationGrid): Scope {
  const { from, windowMs, last } = grid;
  const range = { min: from - windowMs, max: last, isMinIncluded: false, isMaxIncluded: true };
  return { ...scope, search: allOf([{ kind: "number", field: "receivedAt", ranges: [range] }, search]) };
}

function* groupValues(
  context: ScanContext,
  scope: Scope,
  field: string,
): Steps<{ readonly values: readonly string[]; readonly hasMore: boolean } | QueryRefusal> {
  const found = yield* valuesResponse(context, scope, { field, limit: MEASURED_GROUPS_MAX });
  if (isRefusal(found)) return found;
  const values = [...new Set(found.values.map(({ value }) => String(value)))].sort(compareTexts);
  return { values, hasMore: found.more };
}

/** The first and the last evaluation of each matching row. */
interface Spans {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

function spansOf(block: OpenBlock, matches: Matches, grid: EvaluationGrid): Spans {
  const received = block.received();
  const first = new Int32Array(block.count);
  const last = new Int32Array(block.count);
  const limit = grid.count;
  for (let row = 0; row < block.count; row++) {
    if (!isMatch(matches, row)) continue;
    const instant = received[row] as number;
    // Clipped, since a window may be longer than all evaluations together.
    first[row] = Math.max(0, Math.min(limit, grid.firstFrom(instant)));
    last[row] = Math.max(-1, Math.min(limit, grid.lastWith(instant)));
  }
  return { first, last };
}

function count(counts: EvaluationCounts, matches: Matches, mask: Uint8Array | undefined, { first, last }: Spans): void {
  if (mask === undefined) {
    for (let row = 0; row < first.length; row++) {
      if (isMatch(matches, row)) counts.add(first[row] as number, last[row] as number);
    }
    return;
  }
  for (let row = mask.indexOf(1); row !== -1; row = mask.indexOf(1, row + 1)) {
    if (isMatch(matches, row)) counts.add(first[row] as number, last[row] as number);
  }
}

function addDurations(
  samples: DurationSamples,
  series: number,
  { rows, values }: Durations,
  matches: Matches,
  mask: Uint8Array | undefined,
  { first, last }: Spans,
): void {
  for (const [place, row] of rows.entries()) {
    if (!isMatch(matches, row) || (mask !== undefined && mask[row] !== 1)) continue;
    samples.add(series, first[row] as number, last[row] as number, values[place] as number);
  }
}

/** Goes through the evaluations with what each instance measures. */
function* measureAll(
  runs: RuleRuns,
  all: readonly SeriesCounters[],
  grid: EvaluationGrid,
  samples: DurationSamples | undefined,
  percentile: number,
): Steps<void> {
  const sorted = samples === undefined ? undefined : yield* samples.sorted();
  const numbers = new BucketNumbers(samples?.buckets ?? new Set());
  const sketches = sorted === undefined ? undefined : all.map(() => new SlidingSketch(numbers));
  const percentiles: (number | null)[] = all.map(() => null);
  const touched = new Set<number>();
  let [coming, leaving] = [0, 0];
  for (let index = 0, cells = 0; index < grid.count; index++) {
    if (sorted !== undefined && sketches !== undefined) {
      for (; coming < sorted.values.length && (sorted.first[coming] as number) <= index; coming++) {
        const series = sorted.series[coming] as number;
        sketches[series]?.add(sorted.values[coming] as number);
        touched.add(series);
        if (coming % STEP_CELLS === 0) yield undefined;
      }
      for (; leaving < coming && (sorted.last[leaving] as number) < index; leaving++) {
        const series = sorted.series[leaving] as number;
        sketches[series]?.remove(sorted.values[leaving] as number);
        touched.add(series);
        if (leaving % STEP_CELLS === 0) yield undefined;
      }
      for (const series of touched) {
        const sketch = sketches[series];
        if (sketch !== undefined) percentiles[series] = sketch.count === 0 ? null : sketch.quantile(percentile / 100);
      }
      touched.clear();
    }
    for (const [number, { counts, of }] of all.entries()) {
      const matching = counts.of(index);
      runs.add(number, index, {
        count: matching,
        of: of?.of(index) ?? matching,
        timings: sketches?.[number]?.count ?? 0,
        percentile: percentiles[number] ?? null,
      });
    }
    cells += all.length;
    if (cells < STEP_CELLS) continue;
    cells = 0;
    yield undefined;
  }
}
