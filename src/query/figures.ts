// What is said of a set of timings: how many, how long, how many never ended. Percentiles come from a sketch, which merged blocks bring
// with them.

import { DurationSketch } from "../block/sketch.ts";
import type { CategoryTimings, TimingFigures } from "../core/answers.ts";
import { categoriesOf } from "../core/category.ts";
import { compareTexts } from "./text_order.ts";

export class TimingTotals {
  readonly durations = new DurationSketch();
  unfinished = 0;
  running = 0;

  figures(): TimingFigures {
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

/** Figures of categories, by name: percentiles cannot be made of percentiles, so the sketches are merged. */
export function categoryFigures(totals: readonly (readonly [string, TimingTotals])[]): CategoryTimings[] {
  const members = new Map<string, TimingTotals[]>();
  for (const [touchpoint, total] of totals) {
    for (const category of categoriesOf(touchpoint)) {
      const list = members.get(category);
      if (list === undefined) members.set(category, [total]);
      else list.push(total);
    }
  }
  return [...members]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([category, list]) => ({ category, ...together(list).figures() }));
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

/** Totals by name, made when they are first asked for. */
export class TotalsByName {
  readonly #totals = new Map<string, TimingTotals>();

  of(name: string): TimingTotals {
    let totals = this.#totals.get(name);
    if (totals === undefined) {
      totals = new TimingTotals();
      this.#totals.set(name, totals);
    }
    return totals;
  }

  /** By name. */
  all(): [string, TimingTotals][] {
    return [...this.#totals].sort(([a], [b]) => compareTexts(a, b));
  }
}
