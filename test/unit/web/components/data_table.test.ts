// How a table orders its rows.

import { describe, expect, test } from "bun:test";
import { compareValues, nextSort, parseSort, type SortValue } from "../../../../src/web/components/data_table.tsx";

describe("a table's order", () => {
  const ordered = (values: readonly SortValue[], isDescending: boolean) =>
    values.toSorted((a, b) => compareValues(a, b, isDescending));

  test("has absent values last, in both directions", () => {
    expect(ordered([null, 2, 10, null, 1], false)).toEqual([1, 2, 10, null, null]);
    expect(ordered([null, 2, 10, null, 1], true)).toEqual([10, 2, 1, null, null]);
  });

  test("compares numbers in names as numbers", () => {
    expect(ordered(["api/v10", "API/v2", "api/v1"], false)).toEqual(["api/v1", "API/v2", "api/v10"]);
  });

  test("begins descending, and is reversed by the second press", () => {
    expect(nextSort(parseSort(""), "p99")).toBe("-p99");
    expect(nextSort(parseSort("-p99"), "p99")).toBe("p99");
    expect(nextSort(parseSort("p99"), "p99")).toBe("-p99");
    expect(nextSort(parseSort("-p99"), "count")).toBe("-count");
  });
});
