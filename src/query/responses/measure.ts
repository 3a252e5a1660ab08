// What a rule measures: how many records match, of how many, and a percentile of their durations, among those that were
// received in a window. With a field, the same for each of its values. Blocks outside of the window are skipped by
// their zone maps, so the cost follows the window and not the data.

import { kindCodeOf } from "../../block/codec/flags.ts";
import { emptySparse } from "../../block/codec/sparse_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import { DurationSketch } from "../../block/stats/duration_sketch.ts";
import { MEASURED_GROUPS_MAX } from "../../core/limits.ts";
import type { MeasureRequest, QueryRefusal } from "../../core/queries.ts";
import { KINDS, type Level, type Source, type TimingStatus } from "../../core/record.ts";
import type { Measured, MeasureResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { allOf, type ExactField, type Expression, type Term } from "../../search/expression.ts";
import { parseSearch } from "../../search/parser.ts";
import { matchSteps } from "../match/evaluate.ts";
import type { CountedRecords } from "../scan/counted.ts";
import { Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { type Field, fieldOf, valuesResponse } from "./field_values.ts";

const COMPLETED = KINDS.indexOf("completed");
const EXACT_FIELDS: readonly string[] = ["touchpoint", "key", "apiKey", "project"] satisfies ExactField[];

/** The counters of all records, or of one group. */
class Totals {
  count = 0;
  of = 0;
  readonly durations = new DurationSketch();

  add({ count, of, durations }: CountedRecords): void {
    this.count += count;
    this.of += of;
    this.durations.merge(durations);
  }

  measured(percentile: number | undefined): Measured {
    const { count, of, durations } = this;
    const hasQuantile = percentile !== undefined && durations.count > 0;
    return {
      count,
      of,
      timings: durations.count,
      percentile: hasQuantile ? durations.quantile(percentile / 100) : null,
    };
  }
}

interface Group {
  readonly value: string;
  readonly term: Term;
  readonly totals: Totals;
}

/** Measures the records of a scope; see the head of the file. */
export function* measureResponse(
  context: ScanContext,
  scope: Scope,
  request: MeasureRequest,
): Steps<MeasureResponse | QueryRefusal> {
  const { received, of, percentile, groups: wanted } = request;
  const window: Term = {
    kind: "number",
    field: "receivedAt",
    ranges: [{ min: received.after, max: received.upTo, isMinIncluded: false, isMaxIncluded: true }],
  };
  const base = of === undefined ? { ok: true as const, search: scope.search } : parseSearch(of, request.scope.timeZone);
  if (!base.ok) return { code: "bad_query", ...base.problem };
  const inWindow = (search: Expression): Scope => ({ ...scope, search: allOf([window, search]) });
  const coverage = new Coverage();
  const totals = new Totals();
  let groups: Group[] = [];
  if (wanted !== undefined) {
    const field = fieldOf(wanted.field);
    const listed = wanted.isOfAll === true ? base.search : allOf([base.search, scope.search]);
    const values = yield* valuesResponse(context, inWindow(listed), {
      field: wanted.field,
      limit: MEASURED_GROUPS_MAX,
    });
    if (isRefusal(values) || field === undefined) return values as QueryRefusal;
    const names = new Set([...wanted.known, ...values.values.map(({ value }) => String(value))]);
    groups = [...names].map((value) => ({ value, term: termOf(wanted.field, field, value), totals: new Totals() }));
  }
  const visit = function* (scanned: ScannedBlock): Steps<void> {
    const isCounted = percentile === undefined && of === undefined && groups.length === 0;
    if (isCounted && addFromCells(scanned, totals)) return;
    const all = yield* scanned.matches();
    if (all === "none") return;
    const block = yield* scanned.open();
    const { project } = scanned.block;
    const matching = of === undefined ? all : narrowed(all, yield* matchSteps(scope.search, block, project));
    // Read before anything is counted, so that nothing is counted of a damaged block.
    const durations = percentile === undefined ? undefined : durationsOf(block);
    add(totals, block.count, all, matching, durations);
    for (const { term, totals: own } of groups) {
      const rows = yield* matchSteps(term, block, project);
      add(own, block.count, narrowed(all, rows), narrowed(matching, rows), durations);
    }
  };
  yield* scanRecords(context, inWindow(base.search), coverage, visit, {
    kind: "measured",
    matching: of === undefined ? undefined : scope.search,
    groups: groups.map(({ term }) => term),
    hasDurations: percentile !== undefined,
    add: (group, measured) => (groups[group]?.totals ?? totals).add(measured),
  });
  return {
    ...totals.measured(percentile),
    ...(wanted === undefined
      ? {}
      : { groups: groups.map(({ value, totals: own }) => ({ value, ...own.measured(percentile) })) }),
    ...coverage.warnings(),
  };
}

/** False, and nothing counted, where the block's statistics do not decide. */
function addFromCells(scanned: ScannedBlock, totals: Totals): boolean {
  const statistics = scanned.isInside ? scanned.statistics() : undefined;
  if (statistics === undefined) return false;
  const matches = scanned.cellMatches(statistics);
  if (matches.includes(undefined)) return false;
  let count = 0;
  for (const [index, cell] of statistics.cells.entries()) if (matches[index] === true) count += cell.count;
  totals.count += count;
  totals.of += count;
  return true;
}

function narrowed(matches: Matches, rows: Uint8Array): Uint8Array {
  return rows.map((match, row) => (match === 1 && isMatch(matches, row) ? 1 : 0));
}

/** The rows of completed timings, and their durations in ms. */
interface Durations {
  readonly rows: readonly number[];
  readonly values: readonly number[];
}

function durationsOf(block: OpenBlock): Durations {
  const flags = block.flags();
  const column = block.duration() ?? emptySparse<number>();
  const rows: number[] = [];
  const values: number[] = [];
  for (let place = 0; place < column.rows.length; place++) {
    const row = column.rows[place] as number;
    if (kindCodeOf(flags[row] as number) !== COMPLETED) continue;
    rows.push(row);
    values.push(column.values[place] as number);
  }
  return { rows, values };
}

function add(totals: Totals, rowCount: number, all: Matches, matching: Matches, durations?: Durations): void {
  for (let row = 0; row < rowCount; row++) {
    if (isMatch(all, row)) totals.of++;
    if (isMatch(matching, row)) totals.count++;
  }
  if (durations === undefined) return;
  for (const [place, row] of durations.rows.entries()) {
    if (isMatch(matching, row)) totals.durations.add(durations.values[place] as number);
  }
}

/** What the records of a group match. The field is one that rules may group by. */
function termOf(name: string, { metadataName, flagValue }: Field, value: string): Term {
  if (metadataName !== undefined) {
    return { kind: "metadata", name: metadataName, patterns: [{ text: value, isPrefix: false }] };
  }
  if (flagValue === undefined && EXACT_FIELDS.includes(name)) {
    return { kind: "exact", field: name as ExactField, patterns: [{ text: value, isPrefix: false }] };
  }
  if (name === "level") return { kind: "choice", field: "level", values: [value as Level] };
  if (name === "status") return { kind: "choice", field: "status", values: [value as TimingStatus] };
  if (name === "kind") return { kind: "choice", field: "kind", values: [value as "log" | "timing"] };
  return { kind: "choice", field: name === "keyType" ? "keyType" : "source", values: [value as Source] };
}
