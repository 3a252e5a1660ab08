// Which timings were open at the evaluations of a rule, as far as the store knows: those that still run, and those that
// were stored since. Of a stored timing nobody knows when its start was received, nor whether it came as two halves at
// all: it counts as open from its start until it was received as a whole. One without an end was open from the receipt of
// its start until its time was over.

import { kindCodeOf } from "../../block/codec/flags.ts";
import { emptySparse } from "../../block/codec/sparse_column.ts";
import { runningValue } from "../../core/alert_measure.ts";
import { MEASURED_GROUPS_MAX } from "../../core/limits.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import { KINDS } from "../../core/record.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { allOf, type Term } from "../../search/expression.ts";
import { METADATA_PREFIX } from "../../search/fields.ts";
import { matchSteps } from "../match/evaluate.ts";
import { type Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import type { EvaluationCounts, EvaluationGrid } from "./evaluation_grid.ts";
import { valuesResponse } from "./field_values.ts";
import { matchingPortions, type OpenStart, shownTiming } from "./running.ts";

const COMPLETED = KINDS.indexOf("completed");
const UNFINISHED = KINDS.indexOf("unfinished");
const STORED: Term = { kind: "choice", field: "status", values: ["completed", "unfinished"] };
/** What open timings can be grouped by. */
const FIELDS: readonly string[] = ["touchpoint", "key", "apiKey", "project", "source", "keyType"];

/** What is known of timings that have no end yet. */
export interface OpenTimings {
  readonly starts: readonly OpenStart[];
  /** How long a start waits for its end, ms. */
  readonly timeoutMs: number;
}

interface Counters {
  /** Null: the only instance. */
  readonly value: string | null;
  readonly term: Term | undefined;
  readonly counts: EvaluationCounts;
}

/** The values by which timings are grouped that may have been open at an evaluation. */
export function* runningGroups(
  context: ScanContext,
  scope: Scope,
  grid: EvaluationGrid,
  field: string,
  timings: OpenTimings,
): Steps<{ readonly values: readonly string[]; readonly hasMore: boolean } | QueryRefusal> {
  if (!field.startsWith(METADATA_PREFIX) && !FIELDS.includes(field)) return { values: [], hasMore: false };
  const found = yield* valuesResponse(context, storedScope(scope, grid, timings), {
    field,
    limit: MEASURED_GROUPS_MAX,
  });
  if (isRefusal(found)) return found;
  const values = new Set(found.values.map(({ value }) => String(value)));
  let hasMore = found.more;
  for (const portion of matchingPortions(timings.starts, scope)) {
    for (const start of portion) {
      const value = runningValue(shownTiming(start), field);
      if (value === undefined || values.has(value)) continue;
      if (values.size < MEASURED_GROUPS_MAX) values.add(value);
      else hasMore = true;
    }
    yield undefined;
  }
  return { values: [...values].sort(compareTexts), hasMore };
}

/** Counts the timings that were open for so long at each evaluation. */
export function* addOpenTimings(
  context: ScanContext,
  scope: Scope,
  grid: EvaluationGrid,
  {
    series,
    field,
    timings,
    coverage,
  }: {
    readonly series: readonly Counters[];
    readonly field: string | undefined;
    readonly timings: OpenTimings;
    readonly coverage: Coverage;
  },
): Steps<void> {
  const span = (start: number, openFrom: number, openTo: number): [first: number, last: number] => {
    const first = Math.max(grid.firstFrom(openFrom), grid.firstAfter(start + grid.windowMs));
    return [first, Number.isFinite(openTo) ? grid.firstFrom(openTo) - 1 : grid.count];
  };
  yield* scanRecords(context, storedScope(scope, grid, timings), coverage, function* (scanned) {
    const matches = yield* scanned.matches();
    if (matches === "none") return;
    const block = yield* scanned.open();
    const masks: (Uint8Array | undefined)[] = [];
    for (const { term } of series) {
      masks.push(term === undefined ? undefined : yield* matchSteps(term, block, scanned.block.project));
    }
    const [flags, received, starts] = [block.flags(), block.received(), block.start() ?? emptySparse<number>()];
    for (let place = 0; place < starts.rows.length; place++) {
      const row = starts.rows[place] as number;
      const kind = kindCodeOf(flags[row] as number);
      if (!isMatch(matches, row) || (kind !== COMPLETED && kind !== UNFINISHED)) continue;
      const [start, receivedAt] = [starts.values[place] as number, received[row] as number];
      const [first, last] =
        kind === COMPLETED ? span(start, start, receivedAt) : span(start, receivedAt, receivedAt + timings.timeoutMs);
      if (last < first) continue;
      for (const [number, { counts }] of series.entries()) {
        if (masks[number] === undefined || masks[number][row] === 1) counts.add(first, last);
      }
    }
  });
  const byValue = new Map(series.map(({ value, counts }) => [value, counts]));
  for (const portion of matchingPortions(timings.starts, scope)) {
    for (const open of portion) {
      const value = field === undefined ? null : runningValue(shownTiming(open), field);
      const { startTime, receivedAt } = open.start;
      const [first, last] = span(startTime, receivedAt, Number.POSITIVE_INFINITY);
      if (value !== undefined) byValue.get(value)?.add(first, last);
    }
    yield undefined;
  }
}

/** The stored timings that may have been open at an evaluation. */
function storedScope(scope: Scope, grid: EvaluationGrid, { timeoutMs }: OpenTimings): Scope {
  const received = { min: grid.from - timeoutMs, max: Number.POSITIVE_INFINITY };
  const begun = { min: Number.NEGATIVE_INFINITY, max: grid.last - grid.windowMs };
  const range = { isMinIncluded: true, isMaxIncluded: true };
  return {
    ...scope,
    search: allOf([
      { kind: "number", field: "receivedAt", ranges: [{ ...range, ...received }] },
      { kind: "number", field: "startTime", ranges: [{ ...range, ...begun }] },
      STORED,
      scope.search,
    ]),
  };
}
