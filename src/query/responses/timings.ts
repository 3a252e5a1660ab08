// Durations by touchpoint, over the whole scope or a bucket of time at a time. A merged block that lies inside gives its sketches
// where the search asks for nothing but touchpoint, kind, level and source; of all others the durations are read.

import { kindCodeOf } from "../../block/codec/flags.ts";
import { emptySparse } from "../../block/codec/sparse_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { SketchLike } from "../../block/stats/duration_sketch.ts";
import { KINDS } from "../../core/record.ts";
import { type Coverage, type ScanContext, type Steps, scanBlocks } from "../scan/scan.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import type { TimingTotals } from "./timing_totals.ts";

const COMPLETED = KINDS.indexOf("completed");
const UNFINISHED = KINDS.indexOf("unfinished");

/** Where timings are added. */
export interface TimingSink {
  /** Counts so many timings of a touchpoint, "" for none; its number, −1 where nothing more is wanted of it. */
  count(touchpoint: string, timings: number): number;
  /** Where a timing of that number and time is added; Unix ms. */
  totals(number: number, time: number): TimingTotals;
  /** What it takes, about. */
  readonly bytes: number;
}

/**
 * Adds every completed and unfinished timing of the scope. `isOnePlace` says whether two times go to the same totals, so
 * that a whole block may be added at once.
 */
export function* addTimings(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  sink: TimingSink,
  isOnePlace: (first: number, last: number) => boolean,
): Steps<void> {
  yield* scanBlocks(context, scope, coverage, function* (opened) {
    const { statuses, timeMin, timeMax } = opened.block;
    if (statuses[COMPLETED - 1] === 0 && statuses[UNFINISHED - 1] === 0) return;
    const isWhole = opened.isInside && isOnePlace(timeMin, timeMax);
    if (!isWhole || !addNotes(opened, sink)) yield* addRows(opened, sink);
    context.memory.setCollected(sink.bytes);
  });
}

/** Adds the block's notes; false, and nothing added, where they do not decide. */
function addNotes(opened: ScannedBlock, sink: TimingSink): boolean {
  const summary = opened.statistics();
  if (summary === undefined) return false;
  const { timeMin } = opened.block;
  const unfinished: [string, number][] = [];
  const completed = new Map<SketchLike, { readonly name: string; readonly isMatch: boolean }>();
  const verdicts = opened.cellMatches(summary);
  for (const [index, { touchpoint, flags, count, sketch }] of summary.cells.entries()) {
    const isUnfinished = kindCodeOf(flags) === UNFINISHED;
    if (!isUnfinished && sketch === undefined) continue;
    const isMatch = verdicts[index];
    if (isMatch === undefined) return false;
    const name = touchpoint ?? "";
    if (isUnfinished && isMatch) unfinished.push([name, count]);
    if (sketch === undefined) continue;
    // Cells may share one.
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

function* addRows(opened: ScannedBlock, sink: TimingSink): Steps<void> {
  const matches = yield* opened.matches();
  if (matches === "none") return;
  const view = yield* opened.view();
  const flags = view.flags();
  const times = view.time();
  const { dictionary, codes } = view.touchpoint();
  const durations = view.duration() ?? emptySparse<number>();
  const counts = countTimings(view, matches);
  const numbers = counts.map((count, code) => {
    return count === 0 ? -1 : sink.count(code === 0 ? "" : (dictionary[code - 1] as string), count);
  });
  for (let index = 0; index < durations.rows.length; index++) {
    const row = durations.rows[index] as number;
    const number = numbers[codes[row] as number] as number;
    if (number === -1 || !isMatch(matches, row) || kindCodeOf(flags[row] as number) !== COMPLETED) continue;
    sink.totals(number, times[row] as number).durations.add(durations.values[index] as number);
  }
  for (let row = 0; row < view.count; row++) {
    if (kindCodeOf(flags[row] as number) !== UNFINISHED || !isMatch(matches, row)) continue;
    const number = numbers[codes[row] as number] as number;
    if (number !== -1) sink.totals(number, times[row] as number).unfinished++;
  }
}

/** How many timings of each touchpoint's code match. All columns are read here, so that nothing is added of a damaged block. */
function countTimings(view: OpenBlock, matches: Matches): Int32Array {
  const flags = view.flags();
  const { dictionary, codes } = view.touchpoint();
  const counts = new Int32Array(dictionary.length + 1);
  const durations = view.duration() ?? emptySparse<number>();
  const add = (row: number, kind: number) => {
    if (kindCodeOf(flags[row] as number) === kind && isMatch(matches, row)) (counts[codes[row] as number] as number)++;
  };
  for (let index = 0; index < durations.rows.length; index++) add(durations.rows[index] as number, COMPLETED);
  for (let row = 0; row < view.count; row++) add(row, UNFINISHED);
  return counts;
}
