// The rows of the tree of timings, and which categories are open.

import { describe, expect, test } from "bun:test";
import type { CategoryTimings, TimingStats, TouchpointTimings } from "../../../../../src/core/responses.ts";
import { parseSort } from "../../../../../src/web/components/data_table.tsx";
import {
  formatOpen,
  initiallyOpen,
  parseOpen,
  type TimingRow,
  timingRows,
} from "../../../../../src/web/pages/timings/timing_tree.ts";

function figures(count: number, p99: number | null): TimingStats {
  const none = { min: null, mean: null, max: null, p50: null, p75: null, p90: null, p95: null };
  return { count, ...none, p99, running: 0, unfinished: 0 };
}

function touchpoint(name: string, count: number, p99: number | null, registered = true): TouchpointTimings {
  return { touchpoint: name, registered, ambiguous: 0, ...figures(count, p99) };
}

function category(name: string, count: number, p99: number | null): CategoryTimings {
  return { category: name, ...figures(count, p99) };
}

const ANSWER = {
  more: 0,
  touchpoints: [
    touchpoint("", 1, 5, false),
    touchpoint("api/", 2, 900),
    touchpoint("api/orders", 3, 30),
    touchpoint("api/orders/list", 4, 40),
    touchpoint("api/orders/submit", 5, null, false),
    touchpoint("db/query", 6, 60),
    touchpoint("render", 7, 70),
  ],
  categories: [category("api/", 14, 100), category("api/orders/", 9, 40), category("db/", 6, 60)],
};

const everything = () => true;
const linesOf = (rows: readonly TimingRow[]) =>
  rows.map(({ depth, label, isOpen, figures }) => {
    const sign = isOpen === undefined ? "" : isOpen ? "- " : "+ ";
    return `${"  ".repeat(depth)}${sign}${label} ${figures.count}`;
  });

describe("the tree of timings", () => {
  test("has categories with their own figures, and names without what is around them", () => {
    expect(linesOf(timingRows(ANSWER, everything, parseSort("name")))).toEqual([
      "(none) 1",
      "- api/ 14",
      "  (itself) 2",
      "  orders 3",
      "  - orders/ 9",
      "    list 4",
      "    submit 5",
      "- db/ 6",
      "  query 6",
      "render 7",
    ]);
  });

  test("shows nothing below what is closed", () => {
    const rows = timingRows(ANSWER, (name) => name === "api/", parseSort("name"));
    expect(linesOf(rows)).toEqual([
      "(none) 1",
      "- api/ 14",
      "  (itself) 2",
      "  orders 3",
      "  + orders/ 9",
      "+ db/ 6",
      "render 7",
    ]);
  });

  test("is ordered beside each other, a category by its own figure, what has none last", () => {
    expect(linesOf(timingRows(ANSWER, everything, parseSort("-p99")))).toEqual([
      "- api/ 14",
      "  (itself) 2",
      "  - orders/ 9",
      "    list 4",
      "    submit 5",
      "  orders 3",
      "render 7",
      "- db/ 6",
      "  query 6",
      "(none) 1",
    ]);
    const ascending = timingRows(ANSWER, (name) => name !== "db/", parseSort("p99"));
    expect(linesOf(ascending).at(-1)).toBe("  (itself) 2");
    expect(linesOf(ascending).slice(-4, -1)).toEqual(["  - orders/ 9", "    list 4", "    submit 5"]);
  });

  test("marks unregistered touchpoints, and gives each row a unique id", () => {
    const rows = timingRows(ANSWER, everything, parseSort("name"));
    expect(rows.filter(({ isUnregistered }) => isUnregistered).map(({ id }) => id)).toEqual([
      "touchpoint:api/orders/submit",
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  test("of nothing is empty", () => {
    expect(timingRows({ touchpoints: [] }, everything, parseSort(""))).toEqual([]);
  });
});

describe("open categories", () => {
  test.each<[readonly string[], string]>([
    [[], ","],
    [["db/", "api/"], "api/,db/"],
    [["a,b/", "100%/", "%2C/"], "%252C/,100%25/,a%2Cb/"],
  ])("%j are %j in the address", (names, text) => {
    expect(formatOpen(new Set(names))).toBe(text);
    expect(parseOpen(text)).toEqual(new Set(names));
  });

  test("are nobody's choice where the address says nothing", () => {
    expect(parseOpen("")).toBeUndefined();
  });

  test("are all at first, unless there are too many touchpoints to look through", () => {
    expect(initiallyOpen(ANSWER)).toEqual(new Set(["api/", "api/orders/", "db/"]));
    const many = Array.from({ length: 31 }, (_, at) => touchpoint(`api/${at}`, 1, 1));
    expect(initiallyOpen({ more: 0, touchpoints: many, categories: [category("api/", 31, 1)] })).toEqual(new Set());
  });
});
