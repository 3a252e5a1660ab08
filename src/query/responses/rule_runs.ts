// What a rule measures from one evaluation to the next, as runs: one begins where the rule would see something else. In:
// the counts of each evaluation. Out: runs, and the worst values for a chart. Runs that would be too many are cut at the
// begin of the range.

import { frequencyOf, isBack, isBeyond, observationOf, remembersValues } from "../../core/alert_measure.ts";
import type { AlertRule } from "../../core/alert_rule.ts";
import type { Measured, RuleSeriesResponse } from "../../core/responses.ts";

/** Runs of all series together: some MB of JSON. */
const RUNS_MAX = 100_000;
/** Points of the chart. */
const POINTS_MAX = 400;

type Run = RuleSeriesResponse["series"][number]["runs"][number];

/** The runs of one instance. */
class Series {
  readonly value: string | null;
  runs: Run[] = [];
  last: Measured | undefined;
  /** What the rule saw last: equal texts mean the same to it. */
  seen: string | undefined;
  /** The value of the last evaluation; NaN where it is not known, or there were no records yet. */
  shown = Number.NaN;
  hasRecords: boolean;

  constructor(value: string | null) {
    this.value = value;
    this.hasRecords = value === null;
  }
}

export class RuleRuns {
  readonly #rule: AlertRule;
  readonly #series: readonly Series[];
  readonly #worst: Float64Array;
  /** The first evaluation that is kept. */
  #cut = 0;
  #count = 0;

  /** @param values of the field that the rule groups by; null for the only instance */
  constructor(rule: AlertRule, values: readonly (string | null)[], evaluations: number) {
    this.#rule = rule;
    this.#series = values.map((value) => new Series(value));
    this.#worst = new Float64Array(evaluations).fill(Number.NaN);
  }

  /** Takes what was measured at an evaluation; they come by rising index. */
  add(number: number, index: number, measured: Measured): void {
    const series = this.#series[number] as Series;
    if (!isEqual(series.last, measured)) this.#look(series, index, measured);
    series.last = measured;
    const worst = this.#worst[index] as number;
    const { shown } = series;
    if (Number.isNaN(worst) || (this.#rule.side === "above" ? shown > worst : shown < worst)) {
      this.#worst[index] = shown;
    }
  }

  /**
   * The runs of the evaluations that are kept.
   * @param from evaluations before this one are not kept
   * @returns also `cut`, the index of the first one that is kept
   */
  result(from: number): Pick<RuleSeriesResponse, "series"> & { readonly cut: number } {
    if (this.#count > RUNS_MAX) this.#shorten();
    if (from > this.#cut) this.#cutOff(Math.min(from, this.#worst.length));
    const cut = this.#cut;
    const series = this.#series.map(({ value, runs }) => ({
      value,
      runs: runs.map(([at, ...measured]): Run => [at - cut, ...measured]),
    }));
    return { series, cut };
  }

  /** @param at the instant of an evaluation */
  points(at: (index: number) => number): RuleSeriesResponse["points"] {
    const worst = this.#worst;
    const length = Math.ceil((worst.length - this.#cut) / POINTS_MAX);
    const points: { at: number; value: number | null }[] = [];
    for (let first = this.#cut; first < worst.length; first += length) {
      let chosen = first;
      for (let index = first; index < Math.min(first + length, worst.length); index++) {
        const [best, value] = [worst[chosen] as number, worst[index] as number];
        if (Number.isNaN(best) || (this.#rule.side === "above" ? value > best : value < best)) chosen = index;
      }
      const value = worst[chosen] as number;
      points.push({ at: at(first), value: Number.isNaN(value) ? null : value });
    }
    return points;
  }

  #look(series: Series, index: number, measured: Measured): void {
    const rule = this.#rule;
    const observation = observationOf(rule, measured);
    series.hasRecords ||= measured.count > 0 || measured.of > 0;
    series.shown = observation.isKnown && series.hasRecords ? observation.value : Number.NaN;
    const seen = seenBy(rule, observation.isKnown ? observation.value : undefined, frequencyOf(rule, measured));
    if (seen === series.seen) return;
    series.seen = seen;
    const { count, of, timings, percentile } = measured;
    series.runs.push([index, count, of, timings, percentile]);
    if (++this.#count > 2 * RUNS_MAX) this.#shorten();
  }

  /** Forgets the oldest runs, so that about RUNS_MAX are left. */
  #shorten(): void {
    const starts = Int32Array.from(this.#series.flatMap(({ runs }) => runs.map(([at]) => at))).sort();
    this.#cutOff(starts[starts.length - RUNS_MAX] as number);
  }

  /** Forgets what was before an evaluation. */
  #cutOff(cut: number): void {
    this.#cut = cut;
    this.#count = 0;
    for (const series of this.#series) {
      const next = series.runs.findIndex(([at]) => at > cut);
      const first = (next === -1 ? series.runs.length : next) - 1;
      series.runs = series.runs.slice(Math.max(0, first));
      const [run] = series.runs;
      if (run !== undefined && run[0] < cut) series.runs[0] = [cut, run[1], run[2], run[3], run[4]];
      this.#count += series.runs.length;
    }
  }
}

function isEqual(one: Measured | undefined, other: Measured): boolean {
  return (
    one !== undefined &&
    one.count === other.count &&
    one.of === other.of &&
    one.timings === other.timings &&
    one.percentile === other.percentile
  );
}

/** What a rule makes of a value: as a text that is the same where nothing that it does depends on the difference. */
function seenBy(rule: AlertRule, value: number | undefined, frequency: number): string {
  if (value === undefined) return "unknown";
  // Where there are too many values of group_by, which of them are looked at depends on it.
  if (rule.groupBy !== undefined && isBeyond(value, rule)) return `${value} of ${frequency}`;
  if (isBeyond(value, rule) || remembersValues(rule)) return String(value);
  return isBack(value, rule) ? "back" : "between";
}
