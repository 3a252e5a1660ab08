// What a chart and a sparkline draw.

import { describe, expect, test } from "bun:test";
import { type ChartSeries, chartData, chartOptions } from "../../../../src/web/components/chart_options.ts";
import { levelSeries, toggleLevel } from "../../../../src/web/components/level_series.ts";
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

describe("charts of the same buckets", () => {
  test("reach from the start of the first to the end of the last, with bars and with lines", () => {
    const rangeOf = (kind: "bars" | "line") => {
      const series: ChartSeries[] = [{ label: "a", values: [1, 2, 3], color: "--accent", kind }];
      const [times] = chartData([60_000, 120_000, 180_000], series, 60_000);
      const { scales } = chartOptions({
        widthPx: 100,
        heightPx: 100,
        series,
        intervalMs: 60_000,
        format: String,
        onSelect: undefined,
        onPoint: () => undefined,
        clocks: "local",
        styles: { getPropertyValue: () => "" },
      });
      const range = scales?.["x"]?.range as unknown as (plot: undefined, min?: number, max?: number) => number[];
      return range(undefined, times[0], times.at(-1));
    };
    expect([rangeOf("bars"), rangeOf("line")]).toEqual([
      [60, 240],
      [60, 240],
    ]);
  });
});

describe("the legend of levels", () => {
  test("makes a search for one level alone, exchanges it, and takes it back", () => {
    const one = toggleLevel("timeout", "error");
    expect(one).toBe("timeout level:error");
    expect(toggleLevel(one, "timing")).toBe("timeout kind:timing");
    expect(toggleLevel("kind:timing timeout", "warn")).toBe("timeout level:warn");
    expect(toggleLevel(one, "error")).toBe("timeout");
    expect(toggleLevel("-level:error", "error")).toBe("level:error");
    expect(toggleLevel("a OR b", "info")).toBe("(a OR b) level:info");
  });

  test("has the errors at the bottom of the stack", () => {
    expect(levelSeries(() => []).map(({ label }) => label)).toEqual(["error", "warn", "info", "debug", "timing"]);
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
    expect(chartData([1_000, 2_000, 3_000], series, 1_000)).toEqual([
      [1, 2, 3],
      [11, 2, 30],
      [1, 2, 0],
    ]);
  });

  test("of lines are their values in the middle of their buckets, with gaps where there are none", () => {
    const line: ChartSeries = { label: "p50", values: [5, null], color: "--accent", kind: "line" };
    expect(chartData([1_000, 2_000, 3_000], [line], 1_000)).toEqual([
      [1.5, 2.5, 3.5],
      [5, null, null],
    ]);
  });
});
