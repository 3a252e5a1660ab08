// Order, trees, sparklines and chart data: the small computations behind what is drawn.

import { describe, expect, test } from "bun:test";
import { type ChartSeries, chartData } from "../../../../src/web/state/chart_data.ts";
import { compareValues, nextSort, parseSort, type SortValue } from "../../../../src/web/state/sorting.ts";
import { sparklinePath } from "../../../../src/web/state/sparkline_path.ts";
import { buildTree, namesOf, openRows, type TreeNode } from "../../../../src/web/state/tree.ts";

describe("a table's order", () => {
  const ordered = (values: readonly SortValue[], isDescending: boolean) =>
    values.toSorted((a, b) => compareValues(a, b, isDescending));

  test("has what is absent last, in both directions", () => {
    expect(ordered([null, 2, 10, null, 1], false)).toEqual([1, 2, 10, null, null]);
    expect(ordered([null, 2, 10, null, 1], true)).toEqual([10, 2, 1, null, null]);
  });

  test("counts numbers in names as people do", () => {
    expect(ordered(["api/v10", "API/v2", "api/v1"], false)).toEqual(["api/v1", "API/v2", "api/v10"]);
  });

  test("begins with the largest, and turns round on the second press", () => {
    expect(nextSort(parseSort(""), "p99")).toBe("-p99");
    expect(nextSort(parseSort("-p99"), "p99")).toBe("p99");
    expect(nextSort(parseSort("p99"), "p99")).toBe("-p99");
    expect(nextSort(parseSort("-p99"), "count")).toBe("-count");
  });
});

describe("a tree", () => {
  const tree = buildTree(["db/query", "api/orders/submit", "api", "api/orders/list", "cron"]);
  const paths = (nodes: readonly TreeNode[]) => nodes.map(({ path }) => path);

  test("has a level for each part of a name, in order", () => {
    expect(paths(openRows(tree, () => true))).toEqual([
      "api",
      "api/orders",
      "api/orders/list",
      "api/orders/submit",
      "cron",
      "db",
      "db/query",
    ]);
  });

  test("shows what is open only", () => {
    expect(paths(openRows(tree, ({ path }) => path === "api"))).toEqual(["api", "api/orders", "cron", "db"]);
  });

  test("knows which categories are names themselves, and all names below", () => {
    const [api] = tree;
    expect(api?.isName).toBe(true);
    expect(api?.children[0]?.isName).toBe(false);
    expect(api === undefined ? [] : namesOf(api)).toEqual(["api", "api/orders/list", "api/orders/submit"]);
  });

  test("takes empty levels and names like __proto__ as they are", () => {
    expect(paths(openRows(buildTree(["a//b", "/", "__proto__/x"]), () => true))).toEqual([
      "",
      "/",
      "__proto__",
      "__proto__/x",
      "a",
      "a/",
      "a//b",
    ]);
  });
});

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
