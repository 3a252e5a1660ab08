// What a chart and a sparkline draw.

import { describe, expect, test } from "bun:test";
import { type ChartSeries, chartData } from "../../../../src/web/components/chart_options.ts";
import { sparklinePath } from "../../../../src/web/components/values.tsx";

describe("a sparkline", () => {
  test("runs from zero at the bottom to the largest at the top, with gaps and dots", () => {
    expect(sparklinePath([0, 10, null, 5, null, 10, 0], 60, 23)).toBe("M0 21.5L10 1.5M30 11.5h0.01M50 1.5L60 21.5");
  });

  test("of zeros lies at the bottom, and of nothing is empty", () => {
    expect(sparklinePath([0, 0], 10, 23)).toBe("M0 21.5L10 21.5");
    expect(sparklinePath([null, null], 10, 23)).toBe("");
    expect(sparklinePath([], 10, 23)).toBe("");
  });
});

describe("chart data", () => {
  const bar = (label: string, values: (number | null)[]): ChartSeries => ({
    label,
    values,
    color: "--level-info",
    kind: "bars",
    isStacked: true,
  });

  test("of stacked series are sums, the tallest drawn first", () => {
    const series = [bar("info", [1, 2, null]), bar("error", [10, null, 30])];
    expect(chartData([1_000, 2_000, 3_000], series)).toEqual([
      [1, 2, 3],
      [11, 2, 30],
      [1, 2, 0],
    ]);
  });

  test("of lines are their values, with gaps where there are none", () => {
    const line: ChartSeries = { label: "p50", values: [5, null], color: "--accent", kind: "line" };
    expect(chartData([1_500, 2_500, 3_500], [line])).toEqual([
      [1.5, 2.5, 3.5],
      [5, null, null],
    ]);
  });
});
