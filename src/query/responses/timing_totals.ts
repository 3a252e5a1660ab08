// What is said of a set of timings: how many, how long, how many never ended. Percentiles come from a sketch, which merged blocks bring
// with them.

import { TextTable } from "../../block/codec/text_table.ts";
import { DurationSketch } from "../../block/stats/duration_sketch.ts";
import type { CategoryTimings, TimingStats } from "../../core/responses.ts";
import { categoriesOf } from "../../core/touchpoint.ts";
import { CATEGORIES_LISTED_MAX } from "../scan/limits.ts";
import { compareTexts } from "./text_order.ts";

/** What figures take in memory, about: a sketch with its buckets. */
export const TOTALS_BYTES = 1_024;

export class TimingTotals {
  readonly durations = new DurationSketch();
  unfinished = 0;
  running = 0;

  /** How many timings there are. */
  get frequency(): number {
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
 * Figures of the most frequent categories, by name: percentiles cannot be made of percentiles, so the sketches are merged, those of one
 * category at a time.
 */
export function categoryFigures(totals: readonly (readonly [string, TimingTotals])[]): CategoryTimings[] {
  const categories = new TextTable();
  const members: TimingTotals[][] = [];
  for (const [touchpoint, total] of totals) {
    for (const category of categoriesOf(touchpoint)) {
      const number = categories.add(category);
      const others = members[number];
      if (others === undefined) members[number] = [total];
      else others.push(total);
    }
  }
  const timings = members.map((list) => list.reduce((sum, { frequency }) => sum + frequency, 0));
  return [...members.keys()]
    .sort((a, b) => (timings[b] as number) - (timings[a] as number))
    .slice(0, CATEGORIES_LISTED_MAX)
    .map((number) => ({
      category: categories.texts[number] as string,
      ...together(members[number] as TimingTotals[]).figures(),
    }))
    .sort((a, b) => compareTexts(a.category, b.category));
}

function together(totals: readonly TimingTotals[]): TimingTotals {
  const [only] = totals;
  if (only !== undefined && totals.length === 1) return only;
  const sum = new TimingTotals();
  for (const { durations, running, unfinished } of totals) {
    sum.durations.merge(durations);
    sum.running += running;
    sum.unfinished += unfinished;
  }
  return sum;
}
