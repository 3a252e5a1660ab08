// What previews are made of: the evaluations that a record counts for, durations in a sliding window, and runs that are
// bounded.

import { describe, expect, test } from "bun:test";
import { bucketOf, DurationSketch } from "../../../../src/block/stats/duration_sketch.ts";
import { BucketNumbers, SlidingSketch } from "../../../../src/block/stats/sliding_sketch.ts";
import { runSteps } from "../../../../src/core/steps.ts";
import { DurationSamples } from "../../../../src/query/responses/duration_samples.ts";
import { EvaluationCounts, EvaluationGrid } from "../../../../src/query/responses/evaluation_grid.ts";
import { RuleRuns } from "../../../../src/query/responses/rule_runs.ts";
import { ruleOf } from "../../../support/alert_rules.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

const DAY = Date.UTC(2026, 5, 1);

describe("the evaluations of a range", () => {
  test("are the multiples of every, and a record counts for those in whose window it is", () => {
    const random = seededRandom(runSeed("evaluations"));
    for (let round = 0; round < 500; round++) {
      const everyMs = pick(random, [1_000, 3_000, 7_000, 60_000]);
      const windowMs = everyMs * (1 + integer(random, 5)) + pick(random, [0, 0, 1, 500, 999]);
      const from = DAY + integer(random, 100_000) - 50_000;
      const to = from + integer(random, 200_000);
      const grid = new EvaluationGrid({ from, to, everyMs, windowMs, evaluationsMax: 1_000_000 });
      const instants = Array.from({ length: grid.count }, (_, index) => grid.at(index));
      const naive: number[] = [];
      for (let t = Math.ceil(from / everyMs) * everyMs; t <= to; t += everyMs) naive.push(t);
      expect(instants).toEqual(naive);
      const counts = new EvaluationCounts(grid.count);
      const received = Array.from({ length: 30 }, () => {
        const instant = from - windowMs + integer(random, to - from + windowMs + 20_000);
        return random() < 0.5 ? Math.round(instant / everyMs) * everyMs : instant + pick(random, [0, 0.001, 0.5]);
      });
      for (const instant of received) counts.add(grid.firstFrom(instant), grid.lastWith(instant));
      const counted = instants.map((_, index) => counts.of(index));
      const expected = naive.map((t) => received.filter((one) => one > t - windowMs && one <= t).length);
      expect({ everyMs, windowMs, from, to, received, counted }).toEqual({
        everyMs,
        windowMs,
        from,
        to,
        received,
        counted: expected,
      });
    }
  });

  test("that are too many are the last ones", () => {
    const grid = new EvaluationGrid({ from: DAY, to: DAY + 10_000, everyMs: 1_000, windowMs: 5, evaluationsMax: 3 });
    expect([grid.from, grid.last, grid.isCut]).toEqual([DAY + 8_000, DAY + 10_000, true]);
    const none = new EvaluationGrid({ from: DAY + 1, to: DAY + 2, everyMs: 1_000, windowMs: 5, evaluationsMax: 3 });
    expect([none.count, none.isCut]).toEqual([0, false]);
  });
});

describe("a sliding sketch", () => {
  test("has the quantiles of a sketch of what is in the window", () => {
    const random = seededRandom(runSeed("sliding sketch"));
    for (let round = 0; round < 30; round++) {
      const durations = Array.from({ length: 400 }, () =>
        pick(random, [0, 0.25, 7, 10 ** (random() * 8 - 2), Math.round(random() * 20)]),
      );
      const buckets = new Set(durations.filter((duration) => duration > 0).map(bucketOf));
      const sketch = new SlidingSketch(new BucketNumbers(buckets));
      let [begin, end] = [0, 0];
      while (end < durations.length) {
        for (let count = integer(random, 40); count > 0 && end < durations.length; count--) {
          sketch.add(durations[end++] as number);
        }
        for (let count = integer(random, 40); count > 0 && begin < end; count--) {
          sketch.remove(durations[begin++] as number);
        }
        const fresh = new DurationSketch();
        for (const duration of durations.slice(begin, end)) fresh.add(duration);
        const quantiles = (of: SlidingSketch | DurationSketch) => [0, 0.5, 0.95, 0.99, 1].map((q) => of.quantile(q));
        expect([sketch.count, ...quantiles(sketch)]).toEqual([fresh.count, ...quantiles(fresh)]);
      }
    }
  });
});

describe("samples of durations", () => {
  test("come in the order of their evaluations, and of too many the latest are kept whole", () => {
    const random = seededRandom(runSeed("duration samples"));
    for (let round = 0; round < 50; round++) {
      const [evaluations, samplesMax] = [1 + integer(random, 100), 1 + integer(random, 60)];
      const length = 1 + integer(random, 10);
      const samples = new DurationSamples(evaluations, samplesMax);
      const all = Array.from({ length: integer(random, 300) }, (_, value) => {
        const first = integer(random, evaluations + 10) - 5;
        const clip = (index: number) => Math.max(-1, Math.min(evaluations, index));
        return { first: Math.max(0, clip(first)), last: clip(first + length), value };
      });
      for (const { first, last, value } of all) samples.add(value % 3, first, last, value);
      const sorted = runSteps(samples.sorted());
      const found = Array.from(sorted.values, (value, at) => ({
        first: sorted.first[at],
        last: sorted.last[at],
        value,
        series: sorted.series[at],
      }));
      const wanted = all.filter(({ first, last }) => last >= samples.firstKept && last >= 0 && first < evaluations);
      expect(found).toEqual(
        wanted
          .map((one) => ({ ...one, series: one.value % 3 }))
          .toSorted((a, b) => a.first - b.first || a.last - b.last || a.value - b.value),
      );
      if (all.length <= samplesMax) expect(samples.firstKept).toBe(0);
      expect(found.length).toBeLessThanOrEqual(samplesMax);
    }
  });
});

describe("the runs of a rule", () => {
  const measured = (count: number) => ({ count, of: count, timings: 0, percentile: null });

  test("begin where the rule sees something else", () => {
    const runs = new RuleRuns(ruleOf({ bound: 10, resolveBound: 5 }), [null], 9);
    [0, 3, 4, 7, 10, 11, 11, 12, 2].forEach((count, index) => runs.add(0, index, measured(count)));
    const starts = runs.result(0).series[0]?.runs.map(([at, count]) => [at, count]);
    expect(starts).toEqual([
      [0, 0],
      [3, 7],
      [5, 11],
      [7, 12],
      [8, 2],
    ]);
    expect(runs.points((index) => index).map(({ value }) => value)).toEqual([0, 3, 4, 7, 10, 11, 11, 12, 2]);
  });

  test("that are too many are cut at the begin, and go on as they were", () => {
    const evaluations = 250_000;
    const runs = new RuleRuns(ruleOf({ bound: 0, groupBy: "touchpoint" }), ["a", "b"], evaluations);
    for (let index = 0; index < evaluations; index++) {
      runs.add(0, index, measured(1 + index));
      runs.add(1, index, measured(index < 10 ? 0 : 5));
    }
    const { series, cut } = runs.result(0);
    expect(cut).toBeGreaterThanOrEqual(100_000);
    expect(series[0]?.runs.length).toBe(evaluations - cut);
    expect(series[0]?.runs[0]).toEqual([0, cut + 1, cut + 1, 0, null]);
    expect(series[1]?.runs).toEqual([[0, 5, 5, 0, null]]);
    const points = runs.points((index) => index);
    expect(points.length).toBeLessThanOrEqual(400);
    expect(points.at(-1)?.value).toBe(evaluations);
  });
});
