// Timings of two ranges beside one another: what one touchpoint has in each, what changed, and the order by what became
// worse, times how often.

import { TIMINGS_COMPARED_MIN } from "../../core/limits.ts";
import type { TimingsSort } from "../../core/queries.ts";
import type { PreviousTimingStats, TimingChange, TimingState, TimingStats } from "../../core/responses.ts";
import { compareTexts } from "../../core/text_order.ts";
import { mergeTotals, TimingTotals } from "./timing_totals.ts";

/** A touchpoint's timings in the range, and in the compared one. */
export class TotalsByRange {
  readonly now = new TimingTotals();
  /** Undefined: nothing is compared. */
  readonly before: TimingTotals | undefined;

  constructor(isCompared: boolean) {
    this.before = isCompared ? new TimingTotals() : undefined;
  }

  /** How many timings there are in both ranges. */
  get count(): number {
    return this.now.count + (this.before?.count ?? 0);
  }
}

/** The figures as a response has them. */
export interface ComparedFigures extends TimingStats {
  readonly previous?: PreviousTimingStats;
  readonly change?: TimingChange;
}

/** @param isKept whether any of the compared range is kept. */
export function comparedFigures(totals: readonly TotalsByRange[], isKept: boolean): ComparedFigures {
  const now = mergeTotals(totals.map((one) => one.now));
  const figures = now.figures();
  const earlier = totals.flatMap(({ before }) => before ?? []);
  if (earlier.length === 0) return figures;
  const before = mergeTotals(earlier);
  const { running: _running, ...previous } = before.figures();
  return { ...figures, previous, change: changeOf(now, before, isKept) };
}

function changeOf(now: TimingTotals, before: TimingTotals, isKept: boolean): TimingChange {
  const state = stateOf(now, before, isKept);
  const { p50, p95, count } = now.figures();
  const former = before.figures();
  const p95Change = differenceOf(p95, former.p95);
  return {
    state,
    count: count - former.count,
    p50: differenceOf(p50, former.p50),
    p95: p95Change,
    total: now.durations.sum - before.durations.sum,
    worse: state === "compared" && p95Change !== null ? p95Change * count : null,
  };
}

function stateOf(now: TimingTotals, before: TimingTotals, isKept: boolean): TimingState {
  if (!isKept) return "unknown";
  // A start that still runs may have begun at any time.
  const [ended, endedBefore] = [now, before].map(({ durations, unfinished }) => durations.count + unfinished);
  if (endedBefore === 0 && ended !== 0) return "new";
  if (ended === 0 && endedBefore !== 0) return "gone";
  const fewest = Math.min(now.durations.count, before.durations.count);
  return fewest < TIMINGS_COMPARED_MIN ? "few" : "compared";
}

function differenceOf(now: number | null, before: number | null): number | null {
  return now === null || before === null ? null : now - before;
}

/** Figures with the name that decides between equal ones. */
type Sorted = ComparedFigures & { readonly touchpoint: string };

/**
 * The largest first, then by name. By `worse`, what cannot be judged stands where nothing changed, by its total time:
 * after what became worse, and before what became better.
 */
export function timingsOrder(sort: TimingsSort): (a: Sorted, b: Sorted) => number {
  const byName = (a: Sorted, b: Sorted) => compareTexts(a.touchpoint, b.touchpoint);
  const by = (figure: (figures: Sorted) => number) => (a: Sorted, b: Sorted) => figure(b) - figure(a);
  switch (sort) {
    case "count":
      return (a, b) => by(({ count }) => count)(a, b) || byName(a, b);
    case "p95":
      return (a, b) => by(({ p95 }) => p95 ?? -1)(a, b) || byName(a, b);
    case "total":
      return (a, b) => by(totalOf)(a, b) || byName(a, b);
    case "worse":
      return (a, b) => by(({ change }) => change?.worse ?? 0)(a, b) || by(totalOf)(a, b) || byName(a, b);
    case "name":
    default:
      return byName;
  }
}

/** The sum of all durations, ms. */
function totalOf({ count, mean }: TimingStats): number {
  return count * (mean ?? 0);
}
