// What is said of a set of timings: how many, how long, how many never ended. Percentiles come from a sketch, which merged blocks bring
// with them.

import { DurationSketch } from "../block/sketch.ts";
import type { TimingFigures } from "../core/answers.ts";

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
    return [...this.#totals].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  }
}
