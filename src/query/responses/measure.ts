// What a rule measures: how many records match, of how many, and a percentile of their durations, among those that were
// received in a window. With a field, the same for each of its values. Blocks outside of the window are skipped by
// their zone maps, so the cost follows the window and not the data.

import { kindCodeOf } from "../../block/codec/flags.ts";
import { emptySparse } from "../../block/codec/sparse_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import { MEASURED_GROUPS_MAX } from "../../core/limits.ts";
import type { MeasureRequest, QueryRefusal } from "../../core/queries.ts";
import { KINDS, type Level, type Source, type TimingStatus } from "../../core/record.ts";
import type { Measured, MeasureResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { allOf, type ExactField, type Expression, type Term } from "../../search/expression.ts";
import { parseSearch } from "../../search/parser.ts";
import { matchSteps } from "../match/evaluate.ts";
import { Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { type Field, fieldOf, valuesResponse } from "./field_values.ts";
import { type KeptTotals, MeasuredBlocks, Totals } from "./measured_blocks.ts";

const COMPLETED = KINDS.indexOf("completed");
const EXACT_FIELDS: readonly string[] = ["touchpoint", "key", "apiKey", "project"] satisfies ExactField[];

function measuredOf({ count, of, durations }: Totals, percentile: number | undefined): Measured {
  const hasQuantile = percentile !== undefined && durations.count > 0;
  const timings = durations.count;
  return { count, of, timings, percentile: hasQuantile ? durations.quantile(percentile / 100) : null };
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
  const { fromId } = received;
  const isSince: Expression =
    fromId === undefined
      ? { kind: "all" }
      : {
          kind: "number",
          field: "id",
          ranges: [{ min: fromId, max: Infinity, isMinIncluded: true, isMaxIncluded: true }],
        };
  const inWindow = (search: Expression): Scope => ({ ...scope, search: allOf([window, isSince, search]) });
  const coverage = new Coverage();
  const totals = new Totals();
  const grouping = wanted === undefined ? [] : [wanted.field, wanted.isOfAll === true];
  const kept = new MeasuredBlocks(received, [scope.search, base.search, percentile !== undefined, ...grouping]);
  let groups: Group[] = [];
  if (wanted !== undefined) {
    const field = fieldOf(wanted.field);
    const listed = wanted.isOfAll === true ? base.search : allOf([base.search, scope.search]);
    const values = yield* valuesResponse(
      context,
      inWindow(listed),
      { field: wanted.field, limit: MEASURED_GROUPS_MAX },
      kept,
    );
    if (isRefusal(values) || field === undefined) return values as QueryRefusal;
    const names = new Set([...wanted.known, ...values.values.map(({ value }) => String(value))]);
    groups = [...names].map((value) => ({ value, term: termOf(wanted.field, field, value), totals: new Totals() }));
  }
  const visit = function* (scanned: ScannedBlock): Steps<void> {
    const isCounted = percentile === undefined && of === undefined && groups.length === 0;
    if (isCounted && addFromCells(scanned, totals)) return;
    const before = kept.find(scanned);
    const missing = groups.filter(({ value }) => before?.groups.get(value) === undefined);
    const measured = new Map(before?.groups);
    let whole = before?.totals;
    if (whole === undefined || missing.length > 0) {
      const all = yield* scanned.matches();
      const rows = all === "none" ? undefined : yield* rowsOf(scanned, all);
      whole = totalsOf(rows, undefined);
      for (const { value, term } of missing) {
        const own = rows === undefined ? undefined : yield* matchSteps(term, rows.block, scanned.block.project);
        measured.set(value, totalsOf(rows, own));
      }
      kept.keep(scanned, whole, measured);
    }
    totals.add(whole);
    for (const { value, totals: own } of groups) own.add(measured.get(value) ?? whole);
  };
  yield* scanRecords(context, inWindow(base.search), coverage, visit, {
    kind: "measured",
    matching: of === undefined ? undefined : scope.search,
    groups: groups.map(({ term }) => term),
    hasDurations: percentile !== undefined,
    add: (group, measured) => (groups[group]?.totals ?? totals).add(measured),
  });
  function* rowsOf(scanned: ScannedBlock, all: Matches): Steps<MatchedRows> {
    const block = yield* scanned.open();
    const matching =
      of === undefined ? all : narrowed(all, yield* matchSteps(scope.search, block, scanned.block.project));
    // Read before anything is counted, so that nothing is counted of a damaged block.
    return { block, all, matching, durations: percentile === undefined ? undefined : durationsOf(block) };
  }
  return {
    ...measuredOf(totals, percentile),
    ...(wanted === undefined
      ? {}
      : { groups: groups.map(({ value, totals: own }) => ({ value, ...measuredOf(own, percentile) })) }),
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

/** The matches that are rows of the mask too. */
export function narrowed(matches: Matches, rows: Uint8Array): Uint8Array {
  return rows.map((match, row) => (match === 1 && isMatch(matches, row) ? 1 : 0));
}

/** The rows of completed timings, and their durations in ms. */
export interface Durations {
  readonly rows: readonly number[];
  readonly values: readonly number[];
}

export function durationsOf(block: OpenBlock): Durations {
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

/** The rows of a block that are looked at, and those of them that match. */
interface MatchedRows {
  readonly block: OpenBlock;
  readonly all: Matches;
  readonly matching: Matches;
  readonly durations: Durations | undefined;
}

const NONE: KeptTotals = new Totals().kept();

/** @param own the rows of a group; undefined: all */
function totalsOf(rows: MatchedRows | undefined, own: Uint8Array | undefined): KeptTotals {
  if (rows === undefined) return NONE;
  const { block, all, matching, durations } = rows;
  const totals = new Totals();
  for (let row = 0; row < block.count; row++) {
    if (own?.[row] === 0) continue;
    if (isMatch(all, row)) totals.of++;
    if (isMatch(matching, row)) totals.count++;
  }
  if (totals.of === 0) return NONE;
  for (let place = 0; place < (durations?.rows.length ?? 0); place++) {
    const row = durations?.rows[place] as number;
    if (own?.[row] !== 0 && isMatch(matching, row)) totals.durations.add(durations?.values[place] as number);
  }
  return totals.kept();
}

/** What the records of a group match. The field is one that rules may group by. */
export function termOf(name: string, { metadataName, flagValue }: Field, value: string): Term {
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
