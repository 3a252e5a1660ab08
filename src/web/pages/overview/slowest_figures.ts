// Which touchpoints are slowest, and the search for their course over time: few enough to ask for, however many there are.

import type { SeriesAnswer, TouchpointTimings } from "../../../core/responses.ts";
import { rangeBounds, type TimeRange } from "../../state/time_range.ts";
import { type Selection, selectionTerm } from "../timings/selection.ts";

/** Points of a sparkline, about: few, so that rare timings still make a line. */
const POINTS_WANTED = 24;

/** The highest p95 first, of those that have one. */
export function slowest(touchpoints: readonly TouchpointTimings[], count: number): TouchpointTimings[] {
  return touchpoints
    .filter(({ p95 }) => p95 !== null)
    .sort((a, b) => (b.p95 ?? 0) - (a.p95 ?? 0) || (a.touchpoint < b.touchpoint ? -1 : 1))
    .slice(0, count);
}

/** A touchpoint as the timings page takes it; "" stands for timings without one. */
export function selectionOf(touchpoint: string): Selection {
  return touchpoint === "" ? { kind: "none" } : { kind: "touchpoint", name: touchpoint };
}

/** A search for the records of these touchpoints; "" where there is none to search for. */
export function searchForTouchpoints(names: readonly string[]): string {
  return names.map(termFor).join(" OR ");
}

/** The term of one touchpoint, its name taken as it is. */
export function termFor(touchpoint: string): string {
  return selectionTerm(selectionOf(touchpoint));
}

/** The interval of a sparkline in whole ms, as the API takes it; undefined where the range has no length: the server's choice then. */
export function sparklineInterval(range: TimeRange, now: number): number | undefined {
  const { from, to = now } = rangeBounds(range, now);
  return from === undefined || to <= from ? undefined : Math.max(1, Math.ceil((to - from) / POINTS_WANTED));
}

/** A touchpoint's p95 by bucket; undefined where the answer has none of it. */
export function p95Series(answer: SeriesAnswer | undefined, touchpoint: string): (number | null)[] | undefined {
  return answer?.touchpoints?.find((one) => one.touchpoint === touchpoint)?.buckets.map(({ p95 }) => p95);
}
