// Durations by touchpoint, over the whole scope or a bucket of time at a time. A merged block that lies inside gives its sketches
// where the search asks for nothing but touchpoint, kind, level and source; of all others the durations are read.

import { emptySparse } from "../block/columns.ts";
import { kindCodeOf } from "../block/flags.ts";
import type { SketchLike } from "../block/sketch.ts";
import { KINDS } from "../core/record.ts";
import { cutTouchpoint } from "../core/touchpoint.ts";
import type { TimingTotals } from "./figures.ts";
import { isMatch, type OpenedBlock } from "./opened.ts";
import { type Coverage, type ScanContext, type Steps, scanBlocks } from "./scan.ts";
import type { Scope } from "./scope.ts";

const COMPLETED = KINDS.indexOf("completed");
const UNFINISHED = KINDS.indexOf("unfinished");

/** Where a timing is added: `touchpoint` "" for none and a long one cut, `time` in Unix ms. */
export type TotalsOf = (touchpoint: string, time: number) => TimingTotals;

/**
 * Adds every completed and unfinished timing of the scope. `isOnePlace` says whether two times go to the same totals, so
 * that a whole block may be added at once.
 */
export function* addTimings(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  totalsOf: TotalsOf,
  isOnePlace: (first: number, last: number) => boolean,
): Steps<void> {
  yield* scanBlocks(context, scope, coverage, (opened) => {
    const { statuses, timeMin, timeMax } = opened.block;
    if (statuses[COMPLETED - 1] === 0 && statuses[UNFINISHED - 1] === 0) return;
    const isWhole = opened.isInside && isOnePlace(timeMin, timeMax);
    if (!isWhole || !addNotes(opened, totalsOf)) addRows(opened, totalsOf);
  });
}

/** Adds the block's notes; false, and nothing added, where they do not decide. */
function addNotes(opened: OpenedBlock, totalsOf: TotalsOf): boolean {
  const summary = opened.summary();
  if (summary === undefined) return false;
  const { timeMin } = opened.block;
  const unfinished: [string, number][] = [];
  const completed = new Map<SketchLike, { readonly name: string; readonly isMatch: boolean }>();
  const verdicts = opened.cellVerdicts(summary);
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
  for (const [name, count] of unfinished) totalsOf(name, timeMin).unfinished += count;
  for (const [sketch, { name, isMatch }] of completed) {
    if (isMatch) totalsOf(name, timeMin).durations.merge(sketch);
  }
  return true;
}

function addRows(opened: OpenedBlock, totalsOf: TotalsOf): void {
  const matches = opened.matches();
  if (matches === "none") return;
  const view = opened.view();
  const flags = view.flags();
  const times = view.time();
  const { dictionary, codes } = view.touchpoint();
  const nameOf = (row: number) => {
    const code = codes[row] as number;
    return code === 0 ? "" : cutTouchpoint(dictionary[code - 1] as string);
  };
  const durations = view.duration() ?? emptySparse<number>();
  for (let index = 0; index < durations.rows.length; index++) {
    const row = durations.rows[index] as number;
    if (!isMatch(matches, row)) continue;
    if (kindCodeOf(flags[row] as number) !== COMPLETED) continue;
    totalsOf(nameOf(row), times[row] as number).durations.add(durations.values[index] as number);
  }
  for (let row = 0; row < view.count; row++) {
    if (kindCodeOf(flags[row] as number) !== UNFINISHED || !isMatch(matches, row)) continue;
    totalsOf(nameOf(row), times[row] as number).unfinished++;
  }
}
