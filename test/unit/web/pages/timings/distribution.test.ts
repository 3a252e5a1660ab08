// The bins of a distribution: their edges, and that every duration is counted in exactly one bin.

import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { durationBins } from "../../../../../src/web/pages/timings/distribution.tsx";
import { runSeed } from "../../../../support/random.ts";

const binsOf = (...values: readonly number[]) => durationBins(values.map((value) => ({ value, count: 1 })));
const edgesOf = (...values: readonly number[]) => {
  const bins = binsOf(...values);
  return [...bins.map(({ from }) => from), bins.at(-1)?.to];
};

describe("classes of durations", () => {
  test("are none where there is no duration", () => {
    expect(durationBins([])).toEqual([]);
  });

  test("have powers of ten and their parts as edges over a wide range", () => {
    expect(edgesOf(12, 400)).toEqual([10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500]);
    expect(edgesOf(3, 40_000)).toEqual([2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000]);
  });

  test("begin at zero where something took no time at all", () => {
    expect(edgesOf(0, 7).slice(0, 2)).toEqual([0, 0.001]);
  });

  test("have equal steps over a narrow range", () => {
    expect(edgesOf(41, 49)).toEqual([
      41, 41.5, 42, 42.5, 43, 43.5, 44, 44.5, 45, 45.5, 46, 46.5, 47, 47.5, 48, 48.5, 49, 49.5,
    ]);
  });

  test("are one where everything took the same time", () => {
    expect(durationBins([{ value: 250, count: 9 }])).toEqual([{ from: 250, to: 250.2, count: 9 }]);
  });

  test("count each duration in the class that it lies in", () => {
    const seed = runSeed("duration bins");
    const duration = fc.record({
      value: fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 0, max: 100 })),
      count: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 50 }), (durations) => {
        const bins = durationBins(durations);
        expect(bins.length).toBeLessThanOrEqual(20);
        for (const [at, { from, to, count }] of bins.entries()) {
          expect(from).toBeLessThan(to);
          if (at > 0) expect(from).toBe(bins[at - 1]?.to ?? Number.NaN);
          const within = durations.filter(({ value }) => value >= from && value < to);
          expect(count).toBe(within.reduce((sum, one) => sum + one.count, 0));
        }
        const all = durations.reduce((sum, { count }) => sum + count, 0);
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(all);
      }),
      { seed },
    );
  });
});
