// Totals of a set of timings: how many, how long, how many never ended; and the scan that adds a scope's timings to
// them. Percentiles come from a sketch. A merged block gives its sketches where its statistics decide; of all others
// the durations are read.

import { kindCodeOf } from "../../block/codec/flags.ts";
import { emptySparse } from "../../block/codec/sparse_column.ts";
import { TextTable } from "../../block/codec/text_table.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import { DurationSketch, type SketchLike } from "../../block/stats/duration_sketch.ts";

import { CATEGORIES_LISTED_MAX } from "../../core/limits.ts";
import { KINDS } from "../../core/record.ts";
import type { CategoryTimings, TimingStats } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { categoriesOf } from "../../core/touchpoint.ts";
import type { CountedTimings } from "../scan/counted.ts";
import type { Coverage, ScanContext } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import { type Buckets, bucketOf } from "../scan/time_buckets.ts";

const COMPLETED = KINDS.indexOf("completed");
const UNFINISHED = KINDS.indexOf("unfinished");

/** Memory of one TimingTotals, about: a sketch with its buckets. */
export const TOTALS_BYTES = 1_024;

export class TimingTotals {
  /** Of completed timings, in ms. */
  readonly durations = new DurationSketch();
  unfinished = 0;
  running = 0;

  /** How many timings there are. */
  get count(): number {
    return this.durations.count + this.unfinished + this.running;
  }

  figures(): TimingStats {
    const { durations, running, unfinished } = this;
    const { count, min, max, sum } = durations;
    if (count === 0) return { ...NO_DURATIONS, running, unfinished };
    return {
      count,
      min,
      mean: Math.min(max, Math.max(min, sum / count)),
      max,
      p50: durations.quantile(0.5),
      p75: durations.quantile(0.75),
      p90: durations.quantile(0.9),
      p95: durations.quantile(0.95),
      p99: durations.quantile(0.99),
      running,
      unfinished,
    };
  }
}

const NO_DURATIONS = {
  count: 0,
  min: null,
  mean: null,
  max: null,
  p50: null,
  p75: null,
  p90: null,
  p95: null,
  p99: null,
};

/**
 * Figures of the most frequent categories, by name. Percentiles cannot be computed from percentiles, so the
 * touchpoints' sketches are merged, those of one category at a time.
 */
export function categoryFigures<T extends { readonly count: number }>(
  totals: readonly (readonly [touchpoint: string, T])[],
  figuresOf: (members: readonly T[]) => Omit<CategoryTimings, "category">,
): CategoryTimings[] {
  const categories = new TextTable();
  const members: T[][] = [];
  for (const [touchpoint, total] of totals) {
    for (const category of categoriesOf(touchpoint)) {
      const number = categories.add(category);
      const others = members[number];
      if (others === undefined) members[number] = [total];
      else others.push(total);
    }
  }
  const timings = members.map((list) => list.reduce((sum, { count }) => sum + count, 0));
  return [...members.keys()]
    .sort((a, b) => (timings[b] as number) - (timings[a] as number))
    .slice(0, CATEGORIES_LISTED_MAX)
    .map((number) => ({
      category: categories.texts[number] as string,
      ...figuresOf(members[number] as T[]),
    }))
    .sort((a, b) => compareTexts(a.category, b.category));
}

/** All totals together. */
export function mergeTotals(totals: readonly TimingTotals[]): TimingTotals {
  const [only] = totals;
  if (only !== undefined && totals.length === 1) return only;
  const merged = new TimingTotals();
  for (const { durations, running, unfinished } of totals) {
    merged.durations.merge(durations);
    merged.running += running;
    merged.unfinished += unfinished;
  }
  return merged;
}

/** Timings of a scan, and what receives them. */
export interface TimingPart {
  readonly scope: Scope;
  readonly sink: TimingSink;
  /** Times in one bucket have the same totals, so a whole block can be added at once; undefined: all times have. */
  readonly buckets: Buckets | undefined;
}

/** Receives the timings of a scan. */
export interface TimingSink {
  /** Whether touchpoints are told apart. */
  readonly isByTouchpoint: boolean;
  /** Counts timings of a touchpoint, "" for none. Returns its number, or −1 if the sink wants nothing more of it. */
  count(touchpoint: string, timings: number): number;
  /** The totals that take a timing of the touchpoint with this number and of this time, Unix ms. */
  totals(number: number, time: number): TimingTotals;
  /** Its memory, about. */
  readonly bytes: number;
}

/** Adds every completed and unfinished timing of each part's scope, in one scan. The scopes differ in times alone. */
export function* addTimings(context: ScanContext, parts: readonly TimingPart[], coverage: Coverage): Steps<void> {
  const scopes = parts.map(({ scope }) => scope);
  yield* context.records.scan(context, scopes, coverage, {
    *visit(scanned, index) {
      const { sink, buckets } = parts[index] as TimingPart;
      const { statuses, timeMin, timeMax } = scanned.block;
      if (statuses[COMPLETED - 1] === 0 && statuses[UNFINISHED - 1] === 0) return;
      const isOne = buckets === undefined || bucketOf(buckets, timeMin) === bucketOf(buckets, timeMax);
      const isWhole = scanned.isInside && isOne;
      if (!isWhole || !addFromStatistics(scanned, sink)) yield* addFromColumns(scanned, sink);
      context.memory.setCollected(sink.bytes);
    },
    counted: {
      kind: "timings",
      byTouchpoint: parts.some(({ sink }) => sink.isByTouchpoint),
      buckets: parts.map(({ buckets }) => buckets),
      add: (index, touchpoint, time, timings) =>
        addCounted((parts[index] as TimingPart).sink, touchpoint, time, timings),
    },
  });
}

function addCounted(sink: TimingSink, touchpoint: string, time: number, timings: CountedTimings): void {
  const { unfinished, completed } = timings;
  const number = sink.count(touchpoint, unfinished + completed.count);
  if (number === -1) return;
  const totals = sink.totals(number, time);
  totals.unfinished += unfinished;
  totals.durations.merge(completed);
}

/** False, and nothing added, where the block's statistics do not decide. */
function addFromStatistics(scanned: ScannedBlock, sink: TimingSink): boolean {
  const statistics = scanned.statistics();
  if (statistics === undefined) return false;
  const { timeMin } = scanned.block;
  const unfinished: [string, number][] = [];
  const completed = new Map<SketchLike, { readonly name: string; readonly isMatch: boolean }>();
  const matches = scanned.cellMatches(statistics);
  for (const [index, { touchpoint, flags, count, sketch }] of statistics.cells.entries()) {
    const isUnfinished = kindCodeOf(flags) === UNFINISHED;
    if (!isUnfinished && sketch === undefined) continue;
    const isMatch = matches[index];
    if (isMatch === undefined) return false;
    const name = touchpoint ?? "";
    if (isUnfinished && isMatch) unfinished.push([name, count]);
    if (sketch === undefined) continue;
    // Cells may share a sketch: all of them must match, or none.
    if ((completed.get(sketch)?.isMatch ?? isMatch) !== isMatch) return false;
    completed.set(sketch, { name, isMatch });
  }
  for (const [name, count] of unfinished) {
    const number = sink.count(name, count);
    if (number !== -1) sink.totals(number, timeMin).unfinished += count;
  }
  for (const [sketch, { name, isMatch }] of completed) {
    const number = isMatch ? sink.count(name, sketch.count) : -1;
    if (number !== -1) sink.totals(number, timeMin).durations.merge(sketch);
  }
  return true;
}

function* addFromColumns(scanned: ScannedBlock, sink: TimingSink): Steps<void> {
  const matches = yield* scanned.matches();
  if (matches === "none") return;
  const block = yield* scanned.open();
  const flags = block.flags();
  const times = block.time();
  const { dictionary, codes } = block.touchpoint();
  const durations = block.duration() ?? emptySparse<number>();
  const counts = countTimings(block, matches);
  const numbers = counts.map((count, code) => {
    return count === 0 ? -1 : sink.count(code === 0 ? "" : (dictionary[code - 1] as string), count);
  });
  for (let index = 0; index < durations.rows.length; index++) {
    const row = durations.rows[index] as number;
    const number = numbers[codes[row] as number] as number;
    if (number === -1 || !isMatch(matches, row) || kindCodeOf(flags[row] as number) !== COMPLETED) continue;
    sink.totals(number, times[row] as number).durations.add(durations.values[index] as number);
  }
  for (let row = 0; row < block.count; row++) {
    if (kindCodeOf(flags[row] as number) !== UNFINISHED || !isMatch(matches, row)) continue;
    const number = numbers[codes[row] as number] as number;
    if (number !== -1) sink.totals(number, times[row] as number).unfinished++;
  }
}

/**
 * Matching timings by touchpoint code. Reads every column that is needed, so that nothing is added of a damaged block.
 */
function countTimings(block: OpenBlock, matches: Matches): Int32Array {
  const flags = block.flags();
  const { dictionary, codes } = block.touchpoint();
  const counts = new Int32Array(dictionary.length + 1);
  const durations = block.duration() ?? emptySparse<number>();
  const add = (row: number, kind: number) => {
    if (kindCodeOf(flags[row] as number) === kind && isMatch(matches, row)) (counts[codes[row] as number] as number)++;
  };
  for (let index = 0; index < durations.rows.length; index++) add(durations.rows[index] as number, COMPLETED);
  for (let row = 0; row < block.count; row++) add(row, UNFINISHED);
  return counts;
}
